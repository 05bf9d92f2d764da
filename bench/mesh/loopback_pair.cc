#include "bench/mesh/loopback_pair.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

#include "bench/raw/thread_cpu.h"
#include "node/clock.h"

namespace diemcau::bench {

namespace {
constexpr Duration kLongestWay = 150ms;  // the pacer drops a picture after 100
}

LoopbackPair::LoopbackPair(Tap::See see, Tap::See see_sender)
    : sender_tap(std::move(see_sender)), receiver_tap(std::move(see)) {
  LoopbackPeer::Role role;
  role.sorted = {sender.roster_entry(mesh::Role::central),
                 receiver.roster_entry(mesh::Role::member)};
  role.view = Layer::hi;
  role.uplink = Bitrate::kbps(10'000'000);  // nothing waits in the pacer: it is cost we look for
  role.witness = &sender_tap;
  sender.join(role);
  role.seed = 2;
  role.witness = &receiver_tap;
  receiver.join(std::move(role));
  const Timestamp end = node::monotonic_now() + 10s;
  while (!hi_wanted()) {
    if (node::monotonic_now() > end) throw std::runtime_error("the link did not come up");
    sender_io.poll();
    receiver_io.poll();
    std::this_thread::sleep_for(1ms);
  }
}

LoopbackPair::Cost LoopbackPair::carry(const std::function<bool()>& out) {
  const Timestamp end = node::monotonic_now() + kLongestWay;
  Cost cost;
  while (true) {
    cost.sender += cpu_of([this] { sender_io.poll(); });
    cost.receiver += cpu_of([this] { receiver_io.poll(); });
    if (out() || node::monotonic_now() >= end) return cost;
    Timestamp next = end;
    for (LoopbackPeer* peer : {&sender, &receiver})
      next = std::min(next, peer->loop().bridge().next_deadline().value_or(end));
    std::this_thread::sleep_until(std::chrono::steady_clock::time_point(next.time_since_epoch()));
  }
}

bool LoopbackPair::hi_wanted() {
  for (const auto& [layer, state] : sender.loop().encoder_states()) {
    if (layer == Layer::hi && state.active) return true;
  }
  return false;
}

}  // namespace diemcau::bench
