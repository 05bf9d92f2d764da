// Traffic that is not ours, on the same lines: its flows, their packets and their answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/units/byte_count.h"
#include "core/units/time.h"
#include "sim/cross_keys.h"
#include "sim/cross_source.h"
#include "sim/tcp_flow.h"

namespace diemcau::sim {

// On its way over the lines between a site and the rest of the world.
struct CrossParcel {
  std::uint32_t flow = 0;
  std::uint32_t file = 0;  // of the flow; what belongs to an earlier one is stale
  std::uint16_t member = 0;
  std::uint8_t hop = 0;
  bool up = true;
  ByteCount size;  // IP header included
  std::variant<std::monostate, TcpSegment, TcpAck> what;
};

struct CrossReport {
  std::string name;
  std::int64_t goodput_bytes = 0;  // TCP: given to the application; others: arrived
  std::uint64_t packets_sent = 0;
  std::uint64_t retransmissions = 0;
};

// Driven by events of its flows: wake() at the times that it asks for, arrive() for what the lines
// carried. One thread at a time.
class CrossTraffic {
 public:
  struct Ports {
    std::function<void(Timestamp, CrossParcel)> send;
    std::function<void(Timestamp at, std::uint32_t flow)> wake_at;
  };
  CrossTraffic(const std::vector<CrossConfig>& configs, std::uint64_t seed, Ports ports);
  ~CrossTraffic();
  // Asks for the first wake of every flow.
  void start();
  void wake(Timestamp now, std::uint32_t flow);
  void arrive(Timestamp now, const CrossParcel& parcel);
  void reset_figures();
  std::vector<CrossReport> reports() const;

 private:
  struct Flow;
  void send_packets(Flow& flow, Timestamp now);
  void run_files(Flow& flow, Timestamp now);
  void begin_file(Flow& flow, Timestamp now);
  void pump(Flow& flow, Timestamp now);
  void set_wake(Flow& flow);
  CrossParcel parcel_of(const Flow& flow, bool forward, ByteCount size) const;

  std::vector<std::unique_ptr<Flow>> flows_;
  Ports ports_;
};

}  // namespace diemcau::sim
