#include "core/receive/arrival_log.h"

#include <array>
#include <catch2/catch.hpp>
#include <map>

#include "core/base/rng.h"
#include "core/wire/rtcp.h"

using namespace diemcau;
using namespace diemcau::receive;

namespace {
Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }
constexpr NtpTime kWall = NtpTime::from_raw(0x1234'5678'9ABC'DEF0);

struct Told {
  std::uint32_t ssrc;
  std::uint16_t seq;
  bool received;
  std::uint16_t offset;
  std::uint8_t ecn;
};

// One report, read back by the parser that a sender uses.
std::vector<Told> report(ArrivalLog& log, Timestamp now, std::size_t room = 1'200) {
  std::vector<std::uint8_t> buffer(room);
  ByteWriter out(buffer);
  std::vector<Told> told;
  if (!log.write_report(out, now, kWall, Ssrc{99})) {
    CHECK(out.size() == 0);
    return told;
  }
  wire::RtcpReader reader(out.written());
  const auto packet = reader.next();
  REQUIRE(packet);
  const auto* ccfb = std::get_if<wire::Ccfb>(&*packet);
  REQUIRE(ccfb);
  CHECK(ccfb->sender == Ssrc{99});
  CHECK(ccfb->report_timestamp == 0x5678'9ABC);
  ccfb->for_each_stream([&](const wire::CcfbStreamView& s) {
    for (std::size_t i = 0; i < s.size(); ++i) {
      told.push_back(
          {s.ssrc().value, s.seq(i).value, s[i].received, s[i].arrival_offset, s[i].ecn});
    }
  });
  return told;
}
}  // namespace

TEST_CASE("a report tells of every packet since the last one, the missing ones too") {
  ArrivalLog log;
  log.add(at(0ms), Ssrc{1}, SeqNo{100});
  log.add(at(10ms), Ssrc{1}, SeqNo{103}, 3);
  const auto told = report(log, at(50ms));
  REQUIRE(told.size() == 4);
  CHECK(told[0].seq == 100);
  CHECK(told[0].received);
  CHECK(told[0].offset == 51);  // 50 ms in 1/1,024 s
  CHECK_FALSE(told[1].received);
  CHECK_FALSE(told[2].received);
  CHECK(told[3].received);
  CHECK(told[3].offset == 40);
  CHECK(told[3].ecn == 3);
  CHECK(report(log, at(100ms)).empty());
}

TEST_CASE("a report is due 40 ms after the first packet that it has to tell of") {
  ArrivalLog log;
  CHECK_FALSE(log.deadline());
  log.add(at(7ms), Ssrc{1}, SeqNo{1});
  log.add(at(20ms), Ssrc{1}, SeqNo{2});
  CHECK(log.deadline() == at(47ms));
  report(log, at(47ms));
  CHECK_FALSE(log.deadline());
}

TEST_CASE("behind a silence the first report is due at once, the next one as ever") {
  ArrivalLog log;
  log.add(at(0ms), Ssrc{1}, SeqNo{1});
  report(log, at(40ms));
  log.add(at(140ms), Ssrc{1}, SeqNo{2});
  CHECK(log.deadline() == at(180ms));
  report(log, at(180ms));
  log.add(at(290ms), Ssrc{1}, SeqNo{9});
  CHECK(log.deadline() == at(290ms));
  CHECK(report(log, at(290ms)).size() == 7);
  log.add(at(292ms), Ssrc{1}, SeqNo{10});
  CHECK(log.deadline() == at(332ms));
}

TEST_CASE("a packet that comes after it was told missing is told again") {
  ArrivalLog log;
  log.add(at(0ms), Ssrc{1}, SeqNo{1});
  log.add(at(1ms), Ssrc{1}, SeqNo{3});
  report(log, at(50ms));
  log.add(at(60ms), Ssrc{1}, SeqNo{2});
  const auto told = report(log, at(100ms));
  REQUIRE(told.size() == 2);
  CHECK(told[0].seq == 2);
  CHECK(told[0].received);
  CHECK(told[1].seq == 3);
  CHECK(told[1].received);
}

TEST_CASE("where reports get lost each packet is told in three of them") {
  ArrivalLog log;
  log.set_reports_get_lost(true);
  std::vector<std::size_t> told(20);
  for (std::uint16_t i = 0; i < 20; ++i) {
    log.add(at(i * 50ms), Ssrc{1}, SeqNo{i});
    for (const auto& packet : report(log, at(i * 50ms + 45ms))) ++told[packet.seq];
  }
  for (std::size_t i = 0; i < 17; ++i) CHECK(told[i] == 3);
}

TEST_CASE("a duplicate is known as one and does not change when its packet came") {
  ArrivalLog log;
  CHECK(log.add(at(0ms), Ssrc{1}, SeqNo{1})->fresh);
  CHECK_FALSE(log.add(at(30ms), Ssrc{1}, SeqNo{1})->fresh);
  CHECK(report(log, at(50ms))[0].offset == 51);
  CHECK_FALSE(log.add(at(60ms), Ssrc{1}, SeqNo{1})->fresh);
  CHECK(report(log, at(100ms)).empty());
}

TEST_CASE("sequence numbers may wrap inside a report") {
  ArrivalLog log;
  const std::array<std::uint16_t, 3> seqs = {65'534, 65'535, 1};
  for (const std::uint16_t seq : seqs) log.add(at(0ms), Ssrc{1}, SeqNo{seq});
  const auto told = report(log, at(50ms));
  REQUIRE(told.size() == 4);
  CHECK(told[2].seq == 0);
  CHECK_FALSE(told[2].received);
  CHECK(told[3].seq == 1);
  CHECK(told[3].received);
}

TEST_CASE("what does not fit into one report comes in the next ones") {
  ArrivalLog log;
  for (std::uint16_t s = 0; s < 1'000; ++s) log.add(at(0ms), Ssrc{1}, SeqNo{s});
  for (std::uint16_t s = 0; s < 10; ++s) log.add(at(0ms), Ssrc{2}, SeqNo{s});
  std::map<std::pair<std::uint32_t, std::uint16_t>, int> times;
  int reports = 0;
  for (;; ++reports) {
    const auto told = report(log, at(50ms), 600);
    if (told.empty()) break;
    for (const Told& t : told) ++times[{t.ssrc, t.seq}];
  }
  CHECK(reports == 4);
  CHECK(times.size() == 1'010);
  for (const auto& [key, n] : times) CHECK(n == 1);
}

TEST_CASE("a packet from eight seconds ago is over the range of a report") {
  ArrivalLog log;
  log.add(at(0ms), Ssrc{1}, SeqNo{1});
  CHECK(report(log, at(10s))[0].offset == wire::kArrivalOverRange);
}

TEST_CASE("a jump of the sequence numbers is told as no more than the window") {
  ArrivalLog log;
  log.add(at(0ms), Ssrc{1}, SeqNo{0});
  log.add(at(1ms), Ssrc{1}, SeqNo{30'000});
  std::size_t told = 0;
  for (auto r = report(log, at(50ms)); !r.empty(); r = report(log, at(50ms))) told += r.size();
  CHECK(told == ArrivalLog::kWindow);
}

TEST_CASE("while no report goes, nothing of the last 1,024 packets is forgotten") {
  ArrivalLog log;
  for (std::uint16_t i = 0; i < 3'000; ++i) {
    if (i % 3 != 0) log.add(at(i * 1ms), Ssrc{1}, SeqNo{i});
  }
  std::map<std::uint16_t, bool> received;
  for (auto r = report(log, at(3s)); !r.empty(); r = report(log, at(3s))) {
    for (const Told& t : r) received[t.seq] = t.received;
  }
  REQUIRE(received.size() == ArrivalLog::kWindow);
  for (const auto& [seq, is] : received) CHECK(is == (seq % 3 != 0));
}

TEST_CASE("a late packet is told of afterwards, unless it is very late") {
  ArrivalLog log;
  const auto late = static_cast<std::uint16_t>(GENERATE(1U, 50U, 127U, 128U, 500U));
  CAPTURE(late);
  for (std::uint16_t i = 0; i <= 600; ++i) {
    if (i == 600 - late) continue;
    log.add(at(i * 1ms), Ssrc{1}, SeqNo{i});
    if (i % 40 == 39) CHECK_FALSE(report(log, at(i * 1ms)).empty());
  }
  report(log, at(600ms));
  const auto missing = SeqNo{static_cast<std::uint16_t>(600 - late)};
  const auto arrival = log.add(at(601ms), Ssrc{1}, missing);
  REQUIRE(arrival);
  CHECK(arrival->fresh == (late < ArrivalLog::kFirstWindow));
  const auto told = report(log, at(602ms));
  REQUIRE(told.empty() == !arrival->fresh);
  if (!told.empty()) CHECK((told[0].seq == missing.value && told[0].received));
}

TEST_CASE("streams beyond the sixteenth are refused") {
  ArrivalLog log;
  for (std::uint32_t s = 0; s < 16; ++s) CHECK(log.add(at(0ms), Ssrc{s}, SeqNo{1}));
  CHECK_FALSE(log.add(at(0ms), Ssrc{16}, SeqNo{1}));
  CHECK(log.add(at(0ms), Ssrc{3}, SeqNo{2}));
}

TEST_CASE("whatever order packets come in, each is told as received exactly as it came") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    ArrivalLog log;
    std::map<std::uint16_t, bool> arrived, told;
    for (std::uint32_t i = 0; i < 2'000; ++i) {
      const auto seq = static_cast<std::uint16_t>(1'000 + i / 2 + rng.below(40));
      const Timestamp now = at(i * Duration{1ms});
      const auto arrival = log.add(now, Ssrc{1}, SeqNo{seq});
      REQUIRE(arrival);
      REQUIRE(arrival->fresh == !arrived[seq]);
      arrived[seq] = true;
      if (rng.below(30) != 0) continue;
      for (const Told& t : report(log, now)) told[t.seq] = t.received;
    }
    for (auto r = report(log, at(10s)); !r.empty(); r = report(log, at(10s))) {
      for (const Told& t : r) told[t.seq] = t.received;
    }
    for (const auto& [seq, received] : arrived) REQUIRE(told[seq] == received);
  }
}
