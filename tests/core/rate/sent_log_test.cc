#include "core/rate/sent_log.h"

#include <array>
#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"
#include "core/wire/rtcp.h"

using namespace diemcau;
using namespace diemcau::rate;

namespace {
constexpr Ssrc kSound{7}, kPictures{9};
Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

// A report as the wire has it; `now` is the peer's clock.
struct Report {
  std::vector<std::uint8_t> bytes;
  wire::Ccfb parsed;
  Report(std::vector<wire::CcfbStream> streams, Duration now) : bytes(4'096) {
    ByteWriter out(bytes);
    wire::write_ccfb(out, Ssrc{1}, streams,
                     NtpTime::from_ns(static_cast<std::uint64_t>(now.count())).compact());
    REQUIRE(out.ok());
    wire::RtcpReader reader(out.written());
    const auto packet = reader.next();
    REQUIRE(packet);
    parsed = std::get<wire::Ccfb>(*packet);
  }
};
wire::CcfbPacket came(std::uint16_t offset) { return {true, 0, offset}; }

std::vector<ReportedPacket> take(SentLog& log, const wire::Ccfb& report) {
  std::vector<ReportedPacket> told;
  log.take(report, told);
  return told;
}
}  // namespace

TEST_CASE("each packet is told once, in the order of sending, with its arrival", "[rate]") {
  SentLog log;
  log.add(at(0ms), kPictures, SeqNo{100}, 1'000, MediaKind::video);
  log.add(at(1ms), kSound, SeqNo{5}, 120, MediaKind::audio);
  log.add(at(2ms), kPictures, SeqNo{101}, 900, MediaKind::video);
  const std::array<wire::CcfbPacket, 2> pictures = {came(1'024 / 8), came(0)};
  const std::array<wire::CcfbPacket, 1> sound = {came(1'024 / 16)};
  const Report report({{kPictures, SeqNo{100}, pictures}, {kSound, SeqNo{5}, sound}}, 10s);
  const auto told = take(log, report.parsed);
  REQUIRE(told.size() == 3);
  CHECK(told[0].size_bytes == 1'000);
  CHECK(told[1].size_bytes == 120);
  CHECK(told[2].size_bytes == 900);
  CHECK(told[1].arrived_at - told[0].arrived_at == 62'500us);
  CHECK(told[2].arrived_at - told[0].arrived_at == 125ms);
  CHECK(take(log, report.parsed).empty());
  CHECK(log.in_flight() == ByteCount{});
}

TEST_CASE("a packet that others have overtaken for long is lost although no report says so",
          "[rate]") {
  SentLog log;
  log.add(at(0ms), kPictures, SeqNo{1}, 1'000, MediaKind::video);
  log.add(at(100ms), kSound, SeqNo{1}, 100, MediaKind::audio);
  const std::array<wire::CcfbPacket, 1> sound = {came(0)};
  const Report report({{kSound, SeqNo{1}, sound}}, 10s);
  const auto told = take(log, report.parsed);
  REQUIRE(told.size() == 2);
  CHECK_FALSE(told[0].received);
  CHECK(told[0].size_bytes == 1'000);
  CHECK(log.in_flight() == ByteCount{});
}

TEST_CASE("a packet told lost that comes after all is told again as received", "[rate]") {
  SentLog log;
  log.add(at(0ms), kSound, SeqNo{1}, 100, MediaKind::audio);
  log.add(at(20ms), kSound, SeqNo{2}, 100, MediaKind::audio);
  const std::array<wire::CcfbPacket, 2> first = {wire::CcfbPacket{}, came(0)};
  const auto lost = take(log, Report({{kSound, SeqNo{1}, first}}, 10s).parsed);
  REQUIRE(lost.size() == 2);
  CHECK_FALSE(lost[0].received);
  const std::array<wire::CcfbPacket, 2> second = {came(10), came(40)};
  const Report again({{kSound, SeqNo{1}, second}}, 10'040ms);
  const auto told = take(log, again.parsed);
  REQUIRE(told.size() == 1);
  CHECK(told[0].received);
  CHECK(log.in_flight() == ByteCount{});
}

TEST_CASE("reports of packets that were never sent say nothing", "[rate]") {
  SentLog log;
  log.add(at(0ms), kSound, SeqNo{1'000}, 100, MediaKind::audio);
  const std::vector<wire::CcfbPacket> many(64, came(3));
  CHECK(take(log, Report({{kSound, SeqNo{1'001}, many}}, 10s).parsed).empty());
  CHECK(take(log, Report({{Ssrc{4'711}, SeqNo{1'000}, many}}, 10s).parsed).empty());
  CHECK(log.in_flight() == ByteCount::bytes(100));
}

TEST_CASE("whatever reports say, what is in flight is what was sent and not told", "[rate]") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{1} + 10));
  CAPTURE(seed);
  Rng rng(seed);
  SentLog log;
  Timestamp now = at(0ms);
  std::uint16_t next = static_cast<std::uint16_t>(rng.below(32'768));
  std::int64_t sent = 0;
  for (int round = 0; round < 300; ++round) {
    for (std::uint32_t n = rng.below(20); n > 0; --n) {
      const auto size = static_cast<std::uint16_t>(100 + rng.below(1'100));
      now += 1ms;
      log.add(now, kPictures, SeqNo{next++}, size, MediaKind::video);
      sent += size;
    }
    std::vector<wire::CcfbPacket> packets(1 + rng.below(60));
    for (auto& p : packets)
      p = rng.below(4) == 0 ? wire::CcfbPacket{}
                            : came(static_cast<std::uint16_t>(rng.below(8'192)));
    const SeqNo begin{static_cast<std::uint16_t>(next - rng.below(100) + 10)};
    const Report report({{kPictures, begin, packets}}, 10s + round * Duration{50ms});
    static_cast<void>(take(log, report.parsed));
    REQUIRE(log.in_flight() >= ByteCount{});
    REQUIRE(log.in_flight() <= ByteCount::bytes(sent));
  }
}

TEST_CASE("a packet that is asked for again is not in flight, and lost only when a report says so",
          "[rate]") {
  SentLog log;
  for (std::uint16_t i = 0; i < 3; ++i)
    log.add(at(i * 1ms), kPictures, SeqNo{static_cast<std::uint16_t>(100 + i)}, 1'000,
            MediaKind::video);
  log.asked_for(kPictures, SeqNo{100});
  log.asked_for(kPictures, SeqNo{100});
  log.asked_for(kPictures, SeqNo{103});  // never sent
  log.asked_for(kSound, SeqNo{100});
  CHECK(log.in_flight() == ByteCount::bytes(2'000));
  const std::array<wire::CcfbPacket, 3> pictures = {wire::CcfbPacket{}, came(0), came(0)};
  const auto told = take(log, Report({{kPictures, SeqNo{100}, pictures}}, 10s).parsed);
  REQUIRE(told.size() == 3);
  CHECK_FALSE(told[0].received);
  CHECK(log.in_flight() == ByteCount{});
}

TEST_CASE("the oldest packet of a stream that nothing has been told of is known", "[rate]") {
  SentLog log;
  CHECK_FALSE(log.first_untold(kPictures));
  for (std::uint16_t n = 0; n < 4; ++n)
    log.add(at(n * 1ms), kPictures, SeqNo{static_cast<std::uint16_t>(65'534 + n)}, 1'000,
            MediaKind::video);
  CHECK(log.first_untold(kPictures) == SeqNo{65'534});
  CHECK_FALSE(log.first_untold(kSound));
  const std::array<wire::CcfbPacket, 3> pictures = {came(0), wire::CcfbPacket{}, came(0)};
  static_cast<void>(take(log, Report({{kPictures, SeqNo{65'534}, pictures}}, 10s).parsed));
  CHECK(log.first_untold(kPictures) == SeqNo{1});  // 65'535 is told to be lost
  const std::array<wire::CcfbPacket, 1> last = {came(0)};
  static_cast<void>(take(log, Report({{kPictures, SeqNo{1}, last}}, 11s).parsed));
  CHECK_FALSE(log.first_untold(kPictures));
}
