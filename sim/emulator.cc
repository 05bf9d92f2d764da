// What is due goes out before what has come goes in: then no line sees time go back.
#include "sim/emulator.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace diemcau::sim {

namespace {

using Json = nlohmann::ordered_json;

Json percentiles_ms(const quality::Histogram& h, std::initializer_list<std::uint32_t> parts) {
  Json j = Json::object();
  for (const std::uint32_t p : parts) {
    if (const auto value = h.quantile(p))
      j["p" + std::to_string(p / 100)] = static_cast<double>(to_us(*value)) / 1e3;
  }
  return j;
}

Json line_json(const Relay::LineFigures& line) {
  const LinkFigures& f = line.figures;
  Json j;
  j["name"] = line.name;
  j["offered"] = f.offered;
  j["carried"] = f.carried;
  j["dropped"] = {{"queue", f.dropped_queue},
                  {"wire", f.lost_wire},
                  {"outage", f.lost_outage},
                  {"policer", f.dropped_policer}};
  if (f.waited.count() > 0) j["queue_ms"] = percentiles_ms(f.waited, {5000, 9500, 9900});
  // Six digits are beyond what is measured.
  j["utilisation"] = static_cast<double>(static_cast<std::int64_t>(line.utilisation * 1e6)) / 1e6;
  return j;
}

// To a thousandth: more is not measured.
double kbps(std::uint64_t bytes, Duration measured) {
  return static_cast<double>(static_cast<std::int64_t>(bytes) * 8 * 1'000'000 / to_us(measured)) /
         1e3;
}

// Figures with the meaning that they have in run.json.
Json flows_json(const Scenario& scenario, const Crossings& crossings, Duration measured) {
  Json flows = Json::array();
  const std::size_t count = scenario.members.size();
  for (std::size_t from = 0; from < count; ++from) {
    for (std::size_t to = 0; to < count; ++to) {
      for (const WireStream& stream : kWireStreams) {
        const Crossing& c = crossings.of(from, to, stream);
        if (c.packets_sent == 0 || measured <= Duration{}) continue;
        flows.push_back({{"from", scenario.members[from].name},
                         {"to", scenario.members[to].name},
                         {"layer", name_of(stream.layer)},
                         {"source", name_of(stream.source)},
                         {"packets", c.packets_sent},
                         {"sent_kbps", kbps(c.bytes_sent, measured)},
                         {"delay_ms", percentiles_ms(c.delay, {5000, 9500, 9900})}});
      }
    }
  }
  return flows;
}

}  // namespace

Emulator::Emulator(const Scenario& scenario, const std::vector<Endpoint>& members, Duration life)
    : relay_(scenario, life),
      sockets_(members),
      crossings_(scenario.members.size()),
      warmup_(scenario.warmup) {}

void Emulator::deliver(Timestamp now) {
  while (const auto delivery = relay_.poll(now)) {
    sockets_.send(delivery->from, delivery->to, delivery->packet->bytes());
    const Timestamp sent = sockets_.now();
    lateness_.add(sent - delivery->due);
    const auto stream = stream_of(delivery->packet->bytes());
    if (stream && delivery->entered >= Timestamp{} + warmup_)
      crossings_.of(delivery->from, delivery->to, *stream).delay.add(sent - delivery->entered);
  }
}

void Emulator::count(const RelaySockets::Received& received) {
  const auto stream = stream_of(received.bytes);
  if (!stream) return;
  Crossing& crossing = crossings_.of(received.from, received.to, *stream);
  ++crossing.packets_sent;
  crossing.bytes_sent += received.bytes.size();
}

void Emulator::turn(Timestamp until) {
  const auto next = relay_.next();
  sockets_.wait(next ? std::min(*next, until) : until);
  deliver(sockets_.now());
  for (auto batch = sockets_.receive(); !batch.empty(); batch = sockets_.receive()) {
    // All of a batch share the time at which it was read; what fell due meanwhile comes first.
    const Timestamp now = sockets_.now();
    deliver(now);
    for (const RelaySockets::Received& r : batch) {
      relay_.offer(now, r.from, r.to, r.bytes);
      if (now >= Timestamp{} + warmup_) count(r);
    }
  }
}

std::string Emulator::stats_json(const Scenario& scenario) {
  const Timestamp now = sockets_.now();
  const RelayFigures& f = relay_.figures();
  const SocketFigures s = sockets_.figures();
  Json j;
  j["schema"] = 1;
  j["scenario"] = scenario.name;
  j["seed"] = scenario.seed;
  j["seconds"] = static_cast<double>(to_ms(now - Timestamp{})) / 1e3;
  j["datagrams"] = {{"offered", f.offered},
                    {"delivered", f.delivered},
                    {"duplicated", f.duplicated},
                    {"corrupted", f.corrupted},
                    {"under_way", relay_.under_way()}};
  j["dropped"] = {{"queue", f.dropped_queue},
                  {"wire", f.lost_wire},
                  {"outage", f.lost_outage},
                  {"policer", f.dropped_policer}};
  j["emulator"] = {{"lateness_ms", percentiles_ms(lateness_, {5000, 9900})},
                   {"no_room", f.no_room},
                   {"overrun", s.overrun},
                   {"send_failed", s.send_failed},
                   {"foreign", s.foreign},
                   {"oversized", s.oversized}};
  j["links"] = Json::array();
  for (const Relay::LineFigures& line : relay_.lines(now)) j["links"].push_back(line_json(line));
  if (const auto cross = relay_.cross(); !cross.empty()) {
    j["cross"] = Json::array();
    for (const CrossReport& c : cross)
      j["cross"].push_back(
          {{"name", c.name},
           {"goodput_kbps", kbps(static_cast<std::uint64_t>(c.goodput_bytes), now - Timestamp{})}});
  }
  j["flows"] = flows_json(scenario, crossings_, now - Timestamp{} - warmup_);
  return j.dump(1) + "\n";
}

}  // namespace diemcau::sim
