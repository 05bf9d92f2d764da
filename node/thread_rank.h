// Who gets the processor first when there is too little: sound and packets before pictures,
// pictures before files.
#pragma once

#include <cstdint>

namespace diemcau::node {

enum class ThreadRank : std::uint8_t {
  sound,    // core, capture with the audio encoder, loudspeaker: raised where the system allows it
  picture,  // video encode, decode and display
  background  // grid, record, sinks: they have queues to wait in
};

// Of the calling thread, by its nice value (setpriority(2): on Linux it is per thread). Lowering
// always works; raising needs RLIMIT_NICE or root, and the bridge runs without it. The name, at
// most 15 bytes, is what top -H shows.
void take_rank(ThreadRank rank, const char* name);

}  // namespace diemcau::node
