// Lines driven as the lab drives them: a packet's fate under drop-tail is told when it comes, under
// active queues when the caller comes back.
#include "bench/validate/play.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <istream>
#include <iterator>
#include <map>
#include <memory>
#include <ostream>
#include <stdexcept>

#include "sim/link.h"
#include "sim/trace_files.h"
#include "tests/sim/tcp_bench.h"

namespace diemcau::validate {

namespace {

using Options = std::map<std::string, std::string>;

Options parsed(const std::vector<std::string>& words) {
  Options options;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == word.npos) throw std::runtime_error("\"" + word + "\" is no option=value");
    options[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return options;
}

std::int64_t number(const Options& options, const std::string& name) {
  return std::stoll(options.at(name));
}

sim::LinkConfig line_of(const Options& options) {
  sim::LinkConfig config;
  config.queue_time.reset();
  config.overhead = 0;
  if (options.contains("rate")) config.capacity.rate = Bitrate::bps(number(options, "rate"));
  if (options.contains("opportunities")) {
    std::ifstream file{options.at("opportunities")};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    config.capacity = sim::parse_opportunities(text, options.at("opportunities"));
  }
  if (options.contains("queue")) config.queue_bytes = ByteCount::bytes(number(options, "queue"));
  if (options.contains("discipline")) {
    config.discipline = options.at("discipline") == "codel" ? sim::LinkConfig::Discipline::codel
                                                            : sim::LinkConfig::Discipline::fq_codel;
  }
  return config;
}

std::int64_t arrival_of(const sim::Link::Result& r) {
  return r.passage == sim::Passage::carried ? to_ns(r.arrives_at) : -1;
}

// What begins service at an instant has left the queue before what comes at it.
void serve_until(sim::Link& link, std::int64_t ns, std::vector<std::int64_t>& arrivals) {
  std::vector<sim::Link::Told> told;
  for (auto at = link.next_service(); at && to_ns(*at) <= ns; at = link.next_service()) {
    link.serve(*at, told);
    for (const auto& t : told) arrivals[t.handle] = arrival_of(t.result);
    told.clear();
  }
}

struct Crossing {
  std::int64_t at_ns;
  std::size_t packet;
};

}  // namespace

void play_line(const std::vector<std::string>& words, std::istream& in, std::ostream& out) {
  sim::Link link{line_of(parsed(words)), {1, 0, 24h}};
  std::vector<std::int64_t> arrivals;
  std::int64_t ns = 0, bytes = 0;
  std::uint32_t flow = 0;
  while (in >> ns >> bytes >> flow) {
    serve_until(link, ns, arrivals);
    const auto r = link.send(timestamp_from_ns(ns), ByteCount::bytes(bytes), flow,
                             static_cast<std::uint32_t>(arrivals.size()));
    arrivals.push_back(arrival_of(r));
  }
  serve_until(link, INT64_MAX, arrivals);
  for (const std::int64_t at : arrivals) out << at << '\n';
}

// Nothing overtakes and no line has a queue in common with another, so the upward lines can be
// played to their end before the downward ones begin.
void play_star(const std::vector<std::string>& words, std::istream& in, std::ostream& out) {
  const Options options = parsed(words);
  sim::LinkConfig config = line_of(options);
  config.delay.base = Duration{number(options, "delay")};
  struct Packet {
    std::uint32_t to;
    std::int64_t bytes;
  };
  std::vector<Packet> packets;
  std::vector<Crossing> crossings;
  std::map<std::uint32_t, std::unique_ptr<sim::Link>> up, down;
  const auto send = [&](auto& lines, std::uint32_t site, std::int64_t ns, std::int64_t bytes) {
    auto& line = lines[site];
    if (!line) line = std::make_unique<sim::Link>(config, sim::LinkIdentity{1, site, 24h});
    return arrival_of(line->send(timestamp_from_ns(ns), ByteCount::bytes(bytes)));
  };
  std::int64_t ns = 0, bytes = 0;
  std::uint32_t from = 0, to = 0;
  while (in >> ns >> from >> to >> bytes) {
    const std::int64_t at = send(up, from, ns, bytes);
    if (at >= 0) crossings.push_back({at, packets.size()});
    packets.push_back({to, bytes});
  }
  std::stable_sort(crossings.begin(), crossings.end(),
                   [](const Crossing& a, const Crossing& b) { return a.at_ns < b.at_ns; });
  std::vector<std::int64_t> arrivals(packets.size(), -1);
  for (const Crossing& c : crossings)
    arrivals[c.packet] = send(down, packets[c.packet].to, c.at_ns, packets[c.packet].bytes);
  for (const std::int64_t at : arrivals) out << at << '\n';
}

void play_tcp(const std::vector<std::string>& words, std::ostream& out) {
  constexpr std::uint32_t kPpp = 2;  // what ns-3's line adds to a packet
  const Options options = parsed(words);
  const Duration round_trip{number(options, "rtt")};
  const std::int64_t queue = number(options, "queue") * (sim::kMss + sim::kTcpHeaders + kPpp);
  sim::TcpBench bench{Bitrate::bps(number(options, "rate")), round_trip, ByteCount::bytes(queue), 0,
                      kPpp};
  const auto kind = options.at("kind") == "cubic" ? sim::TcpKind::cubic : sim::TcpKind::newreno;
  // Ours has no handshake, which takes ns-3 one round trip.
  const sim::BenchFlow& flow = bench.add(kind, {}, Timestamp{} + round_trip);
  bench.run_until(Timestamp{} + std::chrono::seconds(number(options, "from")));
  bench.reset_line();
  const ByteCount before = flow.receiver.goodput();
  bench.run_until(Timestamp{} + std::chrono::seconds(number(options, "to")));
  const auto wait = bench.line().figures().waited.mean().value_or(Duration{});
  out << (flow.receiver.goodput() - before).count() << '\n' << wait.count() << '\n';
}

}  // namespace diemcau::validate
