#include "core/rate/uplink.h"

#include <array>
#include <catch2/catch.hpp>

#include "core/wire/rtcp.h"

using namespace diemcau;
using namespace diemcau::rate;

namespace {
constexpr PeerId kPeer{1};
Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

Uplink::Settings settings() {
  Uplink::Settings s;
  s.peers = 2;
  s.ceiling = Bitrate::kbps(100'000);
  return s;
}
// More than any window of the start.
void flood(Uplink& uplink, Timestamp now, std::uint16_t from) {
  for (std::uint16_t i = 0; i < 60; ++i) {
    uplink.sent(now, kPeer, Ssrc{7}, SeqNo{static_cast<std::uint16_t>(from + i)}, 1'200,
                MediaKind::video);
  }
}
}  // namespace

TEST_CASE("what is in flight closes the window", "[rate]") {
  Uplink uplink(settings());
  uplink.association_began(kPeer);
  CHECK(uplink.window_open(at(0ms), kPeer));
  flood(uplink, at(0ms), 100);
  CHECK_FALSE(uplink.window_open(at(50ms), kPeer));
}

TEST_CASE("without sound a window that closed over lost pictures opens for a try", "[rate]") {
  Uplink uplink(settings());
  uplink.association_began(kPeer);
  flood(uplink, at(0ms), 100);
  CHECK(uplink.window_open(at(1s), kPeer));
  uplink.sent(at(1s), kPeer, Ssrc{7}, SeqNo{160}, 1'200, MediaKind::video);
  CHECK_FALSE(uplink.window_open(at(1s), kPeer));
}

TEST_CASE("a peer without an association gets no pictures", "[rate]") {
  Uplink uplink(settings());
  CHECK_FALSE(uplink.window_open(at(0ms), kPeer));
  CHECK_FALSE(uplink.figures(kPeer));
}

TEST_CASE("a peer that claims to have held its reports back for longer than they took is borne",
          "[rate]") {
  Uplink uplink(settings());
  uplink.association_began(kPeer);
  for (std::uint16_t n = 0; n < 200; ++n) {
    const Timestamp now = at(n * Duration{40ms});
    uplink.sent(now, kPeer, Ssrc{7}, SeqNo{n}, 1'200, MediaKind::video);
    // Sent 20 ms ago, and held back for 0 to 8 s.
    const std::array<wire::CcfbPacket, 1> packets = {
        wire::CcfbPacket{true, 0, static_cast<std::uint16_t>(n * 40)}};
    const std::array<wire::CcfbStream, 1> streams = {wire::CcfbStream{Ssrc{7}, SeqNo{n}, packets}};
    std::array<std::uint8_t, 64> bytes{};
    ByteWriter out(bytes);
    wire::write_ccfb(out, Ssrc{1}, streams, 655'360U + std::uint32_t{n} * 2'621U);
    wire::RtcpReader reader(out.written());
    const auto packet = reader.next();
    REQUIRE(packet);
    uplink.report_arrived(now + 20ms, kPeer, std::get<wire::Ccfb>(*packet));
    REQUIRE(uplink.rate(kPeer) >= Bitrate::kbps(80));
    REQUIRE(uplink.rate(kPeer) <= Bitrate::kbps(100'000));
  }
}
