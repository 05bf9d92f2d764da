#include "core/repair/sender.h"

#include "core/wire/repair.h"
#include "tests/core/repair/link_of_repair.h"

using namespace diemcau;
using namespace diemcau::repair;

namespace {

struct Stage {
  LinkOfRepair link;
  Rng rng{1};
  Sender sender{{link.packets, plain_kernel()}};
  Timestamp now{};

  // `packets` of 1,000 bytes, 33 ms after the last picture.
  void picture(int packets, std::uint8_t payload_type = wire::kVideoPayloadType) {
    now += 33ms;
    for (int i = 0; i < packets; ++i) {
      const auto p = link.media(sender.next_symbol(), 1'000, rng, 0, payload_type);
      sender.media_left(now, *p, i + 1 == packets);
    }
  }
  void loses(unsigned per_1000, Duration rtt) {
    Rng chance(9);
    for (int i = 0; i < 2'000; ++i) {
      sender.packet_reported(now, chance.below(1'000) < per_1000, MediaKind::video);
    }
    sender.plan(now, {rtt, Bitrate::kbps(10'000), {}, per_1000});
  }
  void ask(std::vector<std::uint16_t> ids, Duration rtt = 20ms) {
    ask(ids, Sender::Terms{rtt, Bitrate::kbps(10'000), {}, 1'000});
  }
  void ask(const std::vector<std::uint16_t>& ids, const Sender::Terms& terms) {
    std::vector<SeqNo> symbols;
    for (const std::uint16_t id : ids) symbols.push_back(SeqNo{id});
    sender.asked(now, symbols, terms);
  }
  std::vector<wire::RepairHeader> take() {
    std::vector<wire::RepairHeader> out;
    refused.clear();
    while (const auto repair = sender.poll()) {
      const auto header = wire::parse_repair_header(repair->payload->bytes());
      REQUIRE(header);
      const bool says_no = repair->payload->wire_size() == wire::kRepairHeaderBytes;
      (says_no ? refused : out).push_back(*header);
    }
    return out;
  }
  std::vector<wire::RepairHeader> refused;
};

// Four pictures of ten packets have left; what is asked for of them.
std::vector<std::uint16_t> thirty_of_forty(Stage& s) {
  for (int i = 0; i < 4; ++i) s.picture(10);
  std::vector<std::uint16_t> ids;
  for (std::uint16_t id = 5; id < 35; ++id) ids.push_back(id);
  return ids;
}
}  // namespace

TEST_CASE("nothing is coded for a line that loses nothing") {
  Stage s;
  for (int i = 0; i < 30; ++i) s.picture(5);
  CHECK(s.take().empty());
}

TEST_CASE("coded repair takes the part of the bytes that is planned") {
  Stage s;
  s.picture(5);
  s.loses(100, 60ms);
  s.now += 33ms;
  for (int i = 0; i < 300; ++i) {
    s.picture(5);
    static_cast<void>(s.take());
  }
  const auto& f = s.sender.figures();
  const double part = static_cast<double>(f.repair_bytes) / static_cast<double>(f.media_bytes);
  // Never more than half a packet ahead or behind.
  CHECK(part * 1'000 == Approx(s.sender.overhead_permille()).epsilon(0.03));
}

TEST_CASE("a window is no longer than three pictures and 64 packets") {
  Stage s;
  s.picture(5);
  s.loses(200, 60ms);
  for (int i = 0; i < 30; ++i) s.picture(5);
  const auto small = s.take();
  REQUIRE_FALSE(small.empty());
  for (const auto& header : small) CHECK(header.count <= 20);
  for (int i = 0; i < 10; ++i) s.picture(60);
  const auto large = s.take();
  REQUIRE_FALSE(large.empty());
  for (const auto& header : large) CHECK(header.count <= kMostSymbols);
}

TEST_CASE("a question is answered with the packet itself") {
  Stage s;
  s.picture(5);
  s.ask({3});
  const auto answers = s.take();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].first == 3);
  CHECK(answers[0].count == 1);
  CHECK(s.refused.empty());
}

TEST_CASE("answers hurry where little is lost, coded repair never does") {
  Stage s;
  const auto hurries = [&s] {
    s.picture(5);
    s.ask({static_cast<std::uint16_t>(s.sender.next_symbol() - 1)});
    bool answers = false, codes = false;
    while (const auto repair = s.sender.poll()) {
      const bool answer = wire::parse_repair_header(repair->payload->bytes())->count == 1;
      (answer ? answers : codes) |= repair->hurries;
    }
    CHECK_FALSE(codes);
    return answers;
  };
  CHECK(hurries());
  s.loses(20, 20ms);
  CHECK(hurries());
  SECTION("nor do answers where much is lost") {
    s.loses(100, 20ms);
    CHECK_FALSE(hurries());
  }
  SECTION("nor behind a queue") {
    s.sender.plan(s.now, {20ms, Bitrate::kbps(10'000), 40ms, 20});
    CHECK_FALSE(hurries());
  }
  SECTION("nor where others' packets wait in the uplink") {
    s.sender.plan(s.now, {20ms, Bitrate::kbps(10'000), {}, 20, true});
    CHECK_FALSE(hurries());
  }
}

TEST_CASE("the same question within half a round trip is one question") {
  Stage s;
  s.picture(5);
  for (int i = 0; i < 100; ++i) s.ask({3});
  CHECK(s.take().size() == 1);
  s.now += 11ms;
  s.ask({3});
  CHECK(s.take().size() == 1);
}

TEST_CASE("when there is no time for a second question a lossy line gets several answers") {
  Stage s;
  s.picture(5);
  s.loses(200, 80ms);
  s.ask({3}, 80ms);
  CHECK(s.take().size() == 1);
  // The others leave with later media, apart from the first.
  s.picture(1);
  CHECK(s.take().size() >= 1);
}

TEST_CASE("from far an answer leaves three times where losses are single, and else twice") {
  // Four packets a picture, 3 to 4 % of them lost: nothing is coded against either.
  const std::size_t in_runs = 4, single = 1;
  for (const std::size_t run : {single, in_runs}) {
    Stage s;
    for (std::size_t i = 0; i < 240; ++i) {
      s.sender.packet_reported(s.now, i % (30 * run) < run, MediaKind::video);
    }
    s.sender.plan(s.now, {120ms, Bitrate::kbps(10'000), {}, 40});
    s.picture(4);
    s.ask({1}, 120ms);
    CHECK(s.take().size() == 1);
    s.picture(4);
    CHECK(s.take().size() == (run == single ? 2 : 1));
  }
}

TEST_CASE("what was never sent or is long gone is refused") {
  Stage s;
  s.picture(5);
  for (const std::uint16_t id : {std::uint16_t{5}, std::uint16_t{0x8000}, std::uint16_t{0xFFFF}}) {
    s.ask({id});
    CHECK(s.take().empty());
    REQUIRE(s.refused.size() == 1);
    CHECK(s.refused[0].first == id);
  }
  for (int i = 0; i < 20; ++i) s.picture(5);
  s.ask({3});  // 0.66 s old
  CHECK(s.take().empty());
  CHECK(s.refused.size() == 1);
}

TEST_CASE("what takes longer to send again than the encoder's way around it is refused whole") {
  Stage s;
  const auto ids = thirty_of_forty(s);
  // 30 packets of 1,076 bytes with all headers at 3 Mbit/s are 86 ms; at 4 Mbit/s 65.
  s.ask(ids, Sender::Terms{20ms, Bitrate::kbps(3'000), {}, 0});
  CHECK(s.take().empty());
  REQUIRE(s.refused.size() == 1);
  CHECK(s.refused[0].first == 5);
  CHECK(s.refused[0].count == 30);
  s.ask(ids, Sender::Terms{20ms, Bitrate::kbps(4'000), {}, 0});
  CHECK(s.take().size() == 30);
}

TEST_CASE("what the line itself has lost is answered as far as there is room, the oldest first") {
  Stage s;
  const auto ids = thirty_of_forty(s);
  s.ask(ids, Sender::Terms{20ms, Bitrate::kbps(3'000), {}, 20});
  const auto answers = s.take();
  REQUIRE(answers.size() == 28);  // 80 ms
  CHECK(answers.front().first == 5);
  CHECK(answers.back().first == 32);
  REQUIRE(s.refused.size() == 1);
  CHECK(s.refused[0].first == 33);
  CHECK(s.refused[0].count == 2);
}

namespace {
// As a receiver asks that has heard nothing after `newest`.
std::vector<std::uint16_t> about_silence(std::uint16_t newest) {
  std::vector<std::uint16_t> ids;
  for (int i = 1; i <= kOfSilence; ++i) ids.push_back(static_cast<std::uint16_t>(newest + i));
  ids.push_back(static_cast<std::uint16_t>(newest + kNotYet));
  return ids;
}
}  // namespace

TEST_CASE("a question about a silence is answered with what should have been heard by then") {
  Stage s;
  const Sender::Terms terms{40ms, Bitrate::kbps(10'000), {}, 20};
  s.picture(3);
  s.picture(3);
  s.picture(3);
  s.now += 10ms;  // the first is 76 ms old, the second 43, the last is still on its way
  s.ask(about_silence(0xFFFF), terms);
  const auto answers = s.take();
  REQUIRE(answers.size() == 6);
  CHECK(answers.back().first == 5);
  CHECK(s.refused.empty());
}

TEST_CASE("most of what may be sent again is kept for what is known to be lost") {
  Stage s;
  const Sender::Terms terms{40ms, Bitrate::kbps(3'000), {}, 20};
  for (int i = 0; i < 6; ++i) s.picture(10);
  std::size_t answers = 0;
  for (int i = 0; i < 8; ++i) {
    s.ask(about_silence(0xFFFF), terms);
    answers += s.take().size();
    CHECK(s.refused.empty());
    s.now += 25ms;
  }
  // A third of 280 ms at 3 Mbit/s are 32, and the time has brought 6.
  CHECK(answers >= 30);
  CHECK(answers <= 40);
  std::vector<std::uint16_t> lost;
  for (std::uint16_t id = 30; id < 50; ++id) lost.push_back(id);
  s.ask(lost, terms);
  CHECK(s.take().size() == 20);
}

TEST_CASE("it can be told which packets a question says are lost") {
  Stage s;
  const Sender::Terms terms{40ms, Bitrate::kbps(10'000), {}, 20};
  s.picture(2);
  s.picture(2);
  s.now += 20ms;
  s.ask(about_silence(0xFFFF), terms);
  const auto lost = s.sender.known_lost();
  CHECK(std::vector<PacketId>(lost.begin(), lost.end()) == std::vector<PacketId>{0, 1});
  CHECK(s.sender.header_of(1));
  CHECK_FALSE(s.sender.header_of(4));
}

TEST_CASE("nothing is sent again into a long queue") {
  Stage s;
  s.picture(5);
  s.ask({3}, Sender::Terms{20ms, Bitrate::kbps(10'000), 80ms, 1'000});
  CHECK(s.take().empty());
  CHECK(s.refused.size() == 1);
}

TEST_CASE("a page is sent again into a long queue as well, with a quarter of the pace") {
  Stage s;
  const Sender::Terms thin{20ms, Bitrate::kbps(320), 80ms, 0};
  std::size_t sent_again = 0;
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 30; ++i) {
      s.picture(1, wire::kDocumentPayloadType);
      s.now += 300us;
      s.ask({static_cast<std::uint16_t>(s.sender.next_symbol() - 1)}, thin);
      sent_again += s.take().size();
    }
  }
  // 100 kB in ten seconds, and 8 kB that were saved up; a packet of 1,058 bytes each.
  CHECK(sent_again >= 95);
  CHECK(sent_again <= 105);
}

TEST_CASE("on a line that is not known to lose, sending again takes six percent of the pace") {
  Stage s;
  std::size_t answers = 0;
  for (int i = 0; i < 300; ++i) {  // 10 s
    s.picture(10);
    const auto newest = static_cast<std::uint16_t>(s.sender.next_symbol() - 1);
    std::vector<std::uint16_t> half;
    for (std::uint16_t k = 0; k < 5; ++k) half.push_back(static_cast<std::uint16_t>(newest - k));
    s.ask(half, Sender::Terms{20ms, Bitrate::kbps(3'000), {}, 0});
    answers += s.take().size();
  }
  // 180 kbit/s for 9.9 s and what 0.2 s at full pace save up, 1,076 bytes each: 276.
  CHECK(answers <= 280);
  CHECK(answers >= 255);  // whole questions of five
}

TEST_CASE("a storm of questions costs a bounded number of answers") {
  Stage s;
  for (int i = 0; i < 10; ++i) s.picture(50);
  std::size_t answers = 0;
  for (int round = 0; round < 1'000; ++round) {
    for (std::uint16_t id = 0; id < 500; ++id) s.ask({id});
    answers += s.take().size();
    s.now += 20ms;
  }
  CHECK(answers <= 500U * Sender::kMostRepeats);
}

TEST_CASE("A storm of questions for what was never sent is refused 32 times, then 200 a second") {
  Stage s;
  s.picture(10);
  std::size_t refused = 0;
  for (int ms = 0; ms < 1'000; ++ms) {
    for (int i = 0; i < 100; ++i) s.ask({40'000});
    CHECK(s.take().empty());
    refused += s.refused.size();
    s.now += 1ms;
  }
  CHECK(refused >= 200);
  CHECK(refused <= 32 + 200 + 1);
}

TEST_CASE("A packet that is named many times in one question is sent again once") {
  Stage s;
  s.picture(10);
  s.ask(std::vector<std::uint16_t>(50, 5));
  CHECK(s.take().size() == 1);
}
