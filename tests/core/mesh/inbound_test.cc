#include "core/mesh/inbound.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace diemcau;
using namespace diemcau::mesh;

namespace {
Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }
constexpr StreamId kSound{PeerId{1}, Source::microphone, Layer::only};

std::vector<wire::StreamEntry> sound_as(std::uint32_t first, std::uint32_t last) {
  std::vector<wire::StreamEntry> entries;
  for (std::uint32_t ssrc = first; ssrc <= last; ++ssrc)
    entries.push_back({Ssrc{ssrc}, Source::microphone, Layer::only});
  return entries;
}
}  // namespace

TEST_CASE(
    "A peer that announces its stream anew all the time is followed some times, and in the end",
    "[core][mesh]") {
  PacketPool packets;
  FramePool frames;
  WallTime wall;
  OutputQueue out;
  ActiveSpeaker speaker(2);
  Inbound inbound({PeerId{1}, wall, packets, frames, repair::plain_kernel(), out, speaker, false});
  inbound.streams_announced(at(0ms), sound_as(1, 64));
  CHECK(inbound.ssrc_of(kSound) == Ssrc{32});
  inbound.streams_announced(at(50ms), sound_as(64, 64));
  CHECK(inbound.ssrc_of(kSound) == Ssrc{32});
  inbound.streams_announced(at(150ms), sound_as(64, 64));
  CHECK(inbound.ssrc_of(kSound) == Ssrc{64});
}
