#include "bench/mesh/loopback_pair.h"

#include <stdexcept>
#include <thread>
#include <utility>

#include "node/clock.h"

namespace diemcau::bench {

LoopbackPair::LoopbackPair(Tap tap, Tap sender_tap) {
  LoopbackPeer::Role role;
  role.sorted = {sender.roster_entry(mesh::Role::central),
                 receiver.roster_entry(mesh::Role::member)};
  role.view = Layer::hi;
  role.uplink = Bitrate::kbps(10'000'000);  // nothing waits in the pacer: it is cost we look for
  role.tap = std::move(sender_tap);
  sender.join(role);
  role.seed = 2;
  role.tap = std::move(tap);
  receiver.join(std::move(role));
  const Timestamp end = node::monotonic_now() + 10s;
  while (!hi_wanted()) {
    if (node::monotonic_now() > end) throw std::runtime_error("the link did not come up");
    sender_io.poll();
    receiver_io.poll();
    std::this_thread::sleep_for(1ms);
  }
}

bool LoopbackPair::hi_wanted() {
  for (const auto& [layer, state] : sender.loop().encoder_states()) {
    if (layer == Layer::hi && state.active) return true;
  }
  return false;
}

}  // namespace diemcau::bench
