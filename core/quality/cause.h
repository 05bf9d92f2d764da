// What can make a second of sound or picture worse than it should be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace diemcau::quality {

// `queue`: what was sent waited in a full line, or the sender left pictures out for want of room.
// `wire`: lost without a queue. `outage`: the peer was silent. `late`: jitter beyond the buffer.
// `cpu`: this machine decoded or played too late.
enum class Cause : std::uint8_t { queue, wire, outage, late, cpu, count_ };
constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::count_);
const char* name_of(Cause cause);
using CauseSeconds = std::array<std::uint32_t, kCauses>;

}  // namespace diemcau::quality
