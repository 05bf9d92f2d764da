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

}  // namespace

Emulator::Emulator(const Scenario& scenario, const std::vector<Endpoint>& members, Duration life)
    : relay_(scenario, life), sockets_(members) {}

void Emulator::deliver(Timestamp now) {
  while (const auto delivery = relay_.poll(now)) {
    sockets_.send(delivery->from, delivery->to, delivery->packet->bytes());
    lateness_.add(sockets_.now() - delivery->due);
  }
}

void Emulator::turn(Timestamp until) {
  const auto next = relay_.next();
  sockets_.wait(next ? std::min(*next, until) : until);
  deliver(sockets_.now());
  for (auto batch = sockets_.receive(); !batch.empty(); batch = sockets_.receive()) {
    // All of a batch share the time at which it was read; what fell due meanwhile comes first.
    const Timestamp now = sockets_.now();
    deliver(now);
    for (const RelaySockets::Received& r : batch) relay_.offer(now, r.from, r.to, r.bytes);
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
  return j.dump(1) + "\n";
}

}  // namespace diemcau::sim
