// The datagrams of a meeting once more, at the same instants, through the least that one thread
// needs for them: what a bridge's core thread could cost at best.
#pragma once

#include <cstdint>
#include <vector>

#include "core/units/time.h"

namespace diemcau::bench {

struct Datagram {
  Timestamp at;
  std::uint32_t peer = 0;   // 0, 1, …
  std::uint32_t bytes = 0;  // before the seal
  bool to_node = false;
  bool ends_picture = false;
};

// CPU of the thread that stands for the node. One socket; epoll_wait, recvmmsg and libsrtp for what
// arrives; a timerfd for the instants of departure, libsrtp and sendto at each; an eventfd that
// wakes a decoder when a picture is there, and one that takes its answer. No jitter buffer, no
// repair, no decision, no sound device. It has the rank of a node's core thread. Another thread is
// the peers, with a socket each and none of the cost.
// `traffic` in the order of time; takes as long as it took. Blocks; throws std::system_error.
Duration carry_bare(const std::vector<Datagram>& traffic, unsigned peers);

}  // namespace diemcau::bench
