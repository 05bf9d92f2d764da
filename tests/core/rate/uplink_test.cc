#include "core/rate/uplink.h"

#include <array>
#include <catch2/catch.hpp>
#include <map>

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
                Source::camera);
  }
}
// Ten seconds, in 1/65,536 of them.
constexpr std::uint32_t kTenSeconds = 655'360;
void report(Uplink& uplink, Timestamp now, PeerId peer, const wire::CcfbStream& stream,
            std::uint32_t written = kTenSeconds) {
  const std::array<wire::CcfbStream, 1> streams = {stream};
  std::array<std::uint8_t, 256> bytes{};
  ByteWriter out(bytes);
  wire::write_ccfb(out, Ssrc{1}, streams, written);
  wire::RtcpReader reader(out.written());
  const auto packet = reader.next();
  REQUIRE(packet);
  uplink.report_arrived(now, peer, std::get<wire::Ccfb>(*packet));
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
  uplink.sent(at(1s), kPeer, Ssrc{7}, SeqNo{160}, 1'200, Source::camera);
  CHECK_FALSE(uplink.window_open(at(1s), kPeer));
}

TEST_CASE("a line that becomes slower closes the window before its standing queue says so",
          "[rate]") {
  // 480 kbit/s for four seconds, 10 ms there and back; the last packet waits.
  const auto open_behind = [](Duration newest_wait) {
    Uplink uplink(settings());
    uplink.association_began(kPeer);
    std::uint16_t next = 0;
    Duration now{};
    for (int n = 1; n <= 100; ++n) {
      std::array<wire::CcfbPacket, 4> packets{};
      const Duration wait = n == 100 ? newest_wait : Duration::zero();
      const Duration written = now + 30ms + 10ms + wait;
      const SeqNo first{next};
      for (int i = 0; i < 4; ++i, now += 10ms) {
        uplink.sent(at(now), kPeer, Ssrc{7}, SeqNo{next++}, 600, Source::camera);
        const Duration arrived = now + 10ms + (i == 3 ? wait : 0ms);
        packets[static_cast<std::size_t>(i)] = {
            true, 0, static_cast<std::uint16_t>((written - arrived) * 1'024 / 1s)};
      }
      report(uplink, at(written + 10ms), kPeer, {Ssrc{7}, first, packets},
             kTenSeconds + static_cast<std::uint32_t>(written * 65'536 / 1s));
    }
    // 7.8 kB: less than the rate brings in 100 ms, more than the line has in 20 ms, and 4 kB.
    for (int i = 0; i < 13; ++i)
      uplink.sent(at(now + 20ms), kPeer, Ssrc{7}, SeqNo{next++}, 600, Source::camera);
    return uplink.window_open(at(now + 20ms), kPeer);
  };
  CHECK(open_behind(0ms));
  CHECK_FALSE(open_behind(30ms));
}

namespace {
// All sixty of a flood have arrived.
void tell(Uplink& uplink, Timestamp now, std::uint16_t from) {
  std::array<wire::CcfbPacket, 60> packets{};
  packets.fill({true, 0, 0});
  report(uplink, now, kPeer, {Ssrc{7}, SeqNo{from}, packets});
}
}  // namespace

TEST_CASE("a line is silent when much is on its way and nothing has been told for 160 ms",
          "[rate]") {
  Uplink uplink(settings());
  uplink.association_began(kPeer);
  flood(uplink, at(0ms), 100);
  CHECK_FALSE(uplink.silent(at(300ms), kPeer));  // nothing is known of it yet
  tell(uplink, at(20ms), 100);
  CHECK_FALSE(uplink.silent(at(300ms), kPeer));  // nothing is on its way
  flood(uplink, at(30ms), 160);
  CHECK_FALSE(uplink.silent(at(180ms), kPeer));
  CHECK(uplink.silent(at(181ms), kPeer));
}

TEST_CASE("a line to which nothing has left for long is not silent: a picture has to find out",
          "[rate]") {
  Uplink uplink(settings());
  uplink.association_began(kPeer);
  flood(uplink, at(0ms), 100);
  tell(uplink, at(20ms), 100);
  flood(uplink, at(30ms), 160);
  CHECK(uplink.silent(at(330ms), kPeer));
  // The round trip of 20 ms, and 300.
  CHECK_FALSE(uplink.silent(at(360ms), kPeer));
  CHECK(uplink.window_open(at(360ms), kPeer));
  uplink.sent(at(360ms), kPeer, Ssrc{7}, SeqNo{220}, 1'200, Source::camera);
  CHECK(uplink.silent(at(361ms), kPeer));
}

TEST_CASE("a line that is reported each 120 ms is silent after two reports' time", "[rate]") {
  Uplink uplink(settings());
  uplink.association_began(kPeer);
  std::uint16_t next = 0;
  Duration now{};
  for (int n = 0; n < 30; ++n, next = static_cast<std::uint16_t>(next + 60)) {
    flood(uplink, at(now), next);
    now += 120ms;
    tell(uplink, at(now), next);
  }
  // More than half of what the window has become.
  for (int n = 0; n < 8; ++n) flood(uplink, at(now), static_cast<std::uint16_t>(next + 60 * n));
  CHECK_FALSE(uplink.silent(at(now + 240ms), kPeer));
  CHECK(uplink.silent(at(now + 241ms), kPeer));
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
    uplink.sent(now, kPeer, Ssrc{7}, SeqNo{n}, 1'200, Source::camera);
    // Sent 20 ms ago, and held back for 0 to 8 s.
    const std::array<wire::CcfbPacket, 1> packets = {
        wire::CcfbPacket{true, 0, static_cast<std::uint16_t>(n * 40)}};
    report(uplink, now + 20ms, kPeer, {Ssrc{7}, SeqNo{n}, packets},
           kTenSeconds + std::uint32_t{n} * 2'621U);
    REQUIRE(uplink.rate(kPeer) >= Bitrate::kbps(80));
    REQUIRE(uplink.rate(kPeer) <= Bitrate::kbps(100'000));
  }
}

namespace {
// Two peers who get a packet every 10 ms: 20 ms there and back, and what waits in the uplink's
// queue. Reports come every 40 ms, the second peer's out of a queue of its own.
struct TwoPaths {
  static constexpr PeerId kPrompt{1}, kLate{2};
  Uplink uplink = Uplink([] {
    Uplink::Settings s = settings();
    s.peers = 3;
    return s;
  }());
  Duration now{};
  std::uint16_t next = 0;
  std::uint16_t packet_bytes = 600;
  struct Report {
    PeerId about;
    std::array<wire::CcfbPacket, 4> packets;
    SeqNo first{0};
    Duration written{};
  };
  std::multimap<Duration, Report> under_way;
  bool was_closed = false;

  TwoPaths() {
    uplink.association_began(kPrompt);
    uplink.association_began(kLate);
  }
  // Queues at a time.
  void run_until(Duration end, Duration (*in_uplink)(Duration), Duration (*of_reports)(Duration)) {
    for (; now < end; now += 10ms) {
      while (!under_way.empty() && under_way.begin()->first <= now) {
        take(under_way.begin()->first, under_way.begin()->second);
        under_way.erase(under_way.begin());
      }
      was_closed = was_closed || !uplink.window_open(at(now), kLate);
      for (const PeerId peer : {kPrompt, kLate})
        uplink.sent(at(now), peer, Ssrc{peer.value}, SeqNo{next}, packet_bytes, Source::camera);
      if (++next % 4 != 0) continue;
      Report r{
          kPrompt, {}, SeqNo{static_cast<std::uint16_t>(next - 4)}, now + 10ms + in_uplink(now)};
      for (int i = 0; i < 4; ++i) {
        const Duration arrived =
            now - (3 - i) * Duration{10ms} + in_uplink(now - (3 - i) * Duration{10ms});
        const auto before_written = (r.written - 10ms - arrived) * 1'024 / 1s;
        r.packets[static_cast<std::size_t>(i)] = {true, 0,
                                                  static_cast<std::uint16_t>(before_written)};
      }
      under_way.emplace(r.written + 10ms, r);
      r.about = kLate;
      under_way.emplace(r.written + 10ms + of_reports(r.written), r);
    }
  }
  void take(Duration when, const Report& r) {
    report(uplink, at(when), r.about, {Ssrc{r.about.value}, r.first, r.packets},
           kTenSeconds + static_cast<std::uint32_t>(r.written * 65'536 / 1s));
  }
};
Duration none(Duration) { return Duration::zero(); }
Duration late_from_5_s(Duration t) { return std::clamp<Duration>(t - 5s, 0s, 1300ms); }
}  // namespace

TEST_CASE("what the uplink's queue has grown by since a late report was written is no path's own",
          "[rate]") {
  TwoPaths paths;
  paths.run_until(50s, none, late_from_5_s);
  const Bitrate before = paths.uplink.rate(TwoPaths::kPrompt);
  paths.run_until(
      51s, [](Duration t) { return std::max<Duration>(t - 50s, 0s) * 7 / 10; }, late_from_5_s);
  CHECK(paths.uplink.figures(TwoPaths::kPrompt)->queue > 300ms);
  CHECK(paths.uplink.rate(TwoPaths::kPrompt).bps() >= before.bps() * 9 / 10);
}

TEST_CASE("reports that wait in a queue of their sender's do not close the window", "[rate]") {
  TwoPaths paths;
  paths.run_until(50s, none, late_from_5_s);
  CHECK_FALSE(paths.was_closed);
  // What has left beyond the rate does.
  for (int i = 0; i < 600; ++i) {
    paths.uplink.sent(at(50s), TwoPaths::kLate, Ssrc{TwoPaths::kLate.value}, SeqNo{paths.next++},
                      600, Source::camera);
  }
  CHECK_FALSE(paths.uplink.window_open(at(50s), TwoPaths::kLate));
}

namespace {
// Somebody's upload fills the uplink's queue of 900 ms within two seconds.
Duration upload_from_10_s(Duration t) { return std::clamp<Duration>((t - 10s) / 2, 0s, 900ms); }
}  // namespace

TEST_CASE("behind a deep queue what is in flight does not close the window, but silence does",
          "[rate]") {
  TwoPaths paths;
  paths.run_until(10s, none, none);
  paths.run_until(20s, upload_from_10_s, none);
  for (int i = 0; i < 600; ++i) {
    paths.uplink.sent(at(20s), TwoPaths::kLate, Ssrc{TwoPaths::kLate.value}, SeqNo{paths.next++},
                      600, Source::camera);
  }
  CHECK(paths.uplink.window_open(at(20s), TwoPaths::kLate));
  // The last report came at 20 s at the latest.
  CHECK_FALSE(paths.uplink.window_open(at(20s + 310ms), TwoPaths::kLate));
}

TEST_CASE("an uplink is calm from three seconds after something has waited in it", "[rate]") {
  TwoPaths paths;
  const auto upload_to_12_s = [](Duration t) { return t < 12s ? upload_from_10_s(t) : 0s; };
  const auto calm_at = [&](Duration t) {
    paths.run_until(t, upload_to_12_s, none);
    return paths.uplink.calm(at(t));
  };
  CHECK(calm_at(10s));
  CHECK_FALSE(calm_at(11s));
  CHECK_FALSE(calm_at(14'500ms));
  CHECK(paths.uplink.crowded(at(14'500ms)));
  CHECK(calm_at(16s));
  CHECK_FALSE(paths.uplink.crowded(at(16s)));
}

TEST_CASE("where somebody else fills the uplink there is a pace for small pictures beside sound",
          "[rate]") {
  TwoPaths paths;
  paths.run_until(10s, none, none);
  bool had_room = true;
  for (Duration t = 13s; t <= 30s; t += 100ms) {
    paths.run_until(t, upload_from_10_s, none);
    // Two paths and their reports at 120 kbit/s, and lo for both.
    had_room = had_room && paths.uplink.pace() >= Bitrate::kbps(3 * 120 + 2 * 100);
  }
  CHECK(had_room);
}

TEST_CASE("an uplink's queue that is not gone in a second makes sound carry earlier frames",
          "[rate]") {
  TwoPaths paths;
  paths.run_until(5s, none, none);
  paths.run_until(
      5s + 900ms, [](Duration) { return Duration{100ms}; }, none);
  CHECK(paths.uplink.earlier_sound(TwoPaths::kPrompt).count() == 0);
  paths.run_until(
      7s, [](Duration) { return Duration{100ms}; }, none);
  CHECK(paths.uplink.earlier_sound(TwoPaths::kPrompt).count() == 2);
}

TEST_CASE(
    "behind a queue of an uplink that has carried everybody's small pictures they go on, of one "
    "that never has they do not",
    "[rate]") {
  // Two paths and their reports at 120 kbit/s.
  constexpr Bitrate basics = Bitrate::kbps(3 * 120);
  const auto rate_behind_a_queue = [](std::uint16_t packet_bytes) {
    TwoPaths paths;
    paths.packet_bytes = packet_bytes;
    paths.run_until(10s, none, none);
    paths.run_until(
        10s + 700ms, [](Duration t) { return std::clamp<Duration>(t - 10s, 0s, 200ms); }, none);
    return paths.uplink.rate();
  };
  CHECK(rate_behind_a_queue(600) >= basics);  // 960 kbit/s
  CHECK(rate_behind_a_queue(220) < basics);   // 352
}

TEST_CASE("an uplink too thin for it does not make sound carry earlier frames", "[rate]") {
  TwoPaths paths;
  paths.packet_bytes = 120;
  paths.run_until(5s, none, none);
  // From 6 s on they are wanted. Of 160 kbit/s half a path's part is more than a frame takes, what
  // sound leaves of it is less.
  paths.run_until(
      5s + 1250ms, [](Duration) { return Duration{100ms}; }, none);
  CHECK(paths.uplink.rate() < Bitrate::kbps(200));
  CHECK(paths.uplink.earlier_sound(TwoPaths::kPrompt).count() == 0);
}

namespace {
// A report of a second of sound, of which one frame may be lost in the middle.
void hear(Uplink& uplink, Timestamp now, PeerId peer, bool loses) {
  const Ssrc ssrc{100U + peer.value};
  for (std::uint16_t i = 0; i < 50; ++i)
    uplink.sent(now - 1s + i * 20ms, peer, ssrc, SeqNo{i}, 160, Source::microphone);
  std::array<wire::CcfbPacket, 50> packets{};
  packets.fill({true, 0, 0});
  if (loses) packets[20].received = false;
  report(uplink, now, peer, {ssrc, SeqNo{0}, packets});
}
}  // namespace

TEST_CASE("what a third of an uplink's paths have lost, the others carry sound against", "[rate]") {
  // How many paths there are, and how many of them lose a frame; then the last is heard, which has
  // lost nothing.
  const auto carries = [](std::uint16_t paths, std::uint16_t losing) {
    Uplink::Settings s = settings();
    s.peers = std::size_t{paths} + 1;
    Uplink uplink(s);
    for (std::uint16_t p = 1; p <= paths; ++p) uplink.association_began(PeerId{p});
    for (std::uint16_t p = 1; p < paths; ++p) hear(uplink, at(1s), PeerId{p}, p <= losing);
    const PeerId last{paths};
    hear(uplink, at(1s + 10ms), last, false);
    return uplink.earlier_sound(last).count();
  };
  CHECK(carries(6, 0) == 0);
  CHECK(carries(6, 1) == 0);
  CHECK(carries(6, 2) == 1);
  CHECK(carries(2, 1) == 0);  // one other is no evidence
}
