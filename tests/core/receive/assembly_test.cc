#include "core/receive/assembly.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/core/receive/video_line.h"

using namespace diemcau;
using namespace diemcau::receive;
using receive_test::VideoSink;
using receive_test::VideoSource;

namespace {

using Numbers = std::vector<std::int64_t>;

Timestamp at(Duration d) { return timestamp_from_ns(1'000'000'000) + d; }

struct Stage {
  PacketPool packets;
  FramePool frames;
  VideoSource source{packets};
  VideoSink sink{frames};
};

}  // namespace

TEST_CASE("frames come out byte for byte as they were encoded") {
  Stage s;
  for (std::uint32_t n = 0; n < 50; ++n) {
    s.sink.put_all(at(n * Duration{33ms}),
                   n == 0 ? s.source.key(0, 40'000) : s.source.delta(n, 100 + n * 311));
    const auto out = s.sink.take();
    REQUIRE(out.size() == 1);
    CHECK(out[0].frame_number == n);
    CHECK(out[0].key == (n == 0));
    CHECK(out[0].captured);
    CHECK(out[0].frame->bytes == s.source.sent(n));
  }
}

TEST_CASE("an elided frame has the length of a real one and no bytes") {
  Stage real, elided;
  elided.source.elide = true;
  real.sink.put_all(at(0ms), real.source.key(0));
  elided.sink.put_all(at(0ms), elided.source.key(0));
  const auto a = real.sink.take(), b = elided.sink.take();
  REQUIRE(a.size() == 1);
  REQUIRE(b.size() == 1);
  CHECK(a[0].frame->length == b[0].frame->length);
  CHECK(a[0].frame->length > 5'000);
  CHECK(b[0].frame->bytes.empty());
}

TEST_CASE(
    "packets of a frame may come in any order, more than once, and mixed with the next frame") {
  Stage s;
  auto packets = s.source.key(0);
  for (auto& p : s.source.delta(1)) packets.push_back(p);
  std::reverse(packets.begin(), packets.end());
  for (const auto& p : packets) {
    s.sink.put(at(0ms), p);
    CHECK(s.sink.put(at(0ms), p) != Assembly::Insert::fresh);
  }
  CHECK(s.sink.take_numbers() == Numbers{0, 1});
}

TEST_CASE("after a pause of any length pictures come out again, under numbers that go on") {
  // In frames: 18 minutes are half of what 16 bits tell apart, 36 minutes all of it.
  const std::uint32_t pause = GENERATE(20'000U, 32'768U, 40'000U, 65'000U, 66'000U, 100'000U);
  CAPTURE(pause);
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(6'000));
  REQUIRE(s.sink.take_numbers() == Numbers{6'000});
  s.sink.put_all(at(20min), s.source.key(6'000 + pause));
  s.sink.put_all(at(20min + 33ms), s.source.delta(6'001 + pause));
  const Numbers numbers = s.sink.take_numbers();
  REQUIRE(numbers.size() == 2);
  CHECK(numbers[0] > 6'000);
  CHECK(numbers[1] == numbers[0] + 1);
}

TEST_CASE("nothing comes out before a key frame, and one is asked for") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.delta(5));
  s.sink.assembly.time_passed(at(20ms));
  CHECK(s.sink.take_numbers().empty());
  const auto loss = s.sink.assembly.take_loss(at(20ms), 100ms);
  REQUIRE(loss);
  CHECK_FALSE(loss->last_good);
  s.sink.put_all(at(33ms), s.source.key(6));
  CHECK(s.sink.take_numbers() == Numbers{6});
  CHECK_FALSE(s.sink.assembly.take_loss(at(500ms), 100ms));
}

TEST_CASE("a gap is given up when packets behind it have waited for the tolerance") {
  Stage s;
  s.sink.assembly.set_reorder_tolerance(30ms);
  s.sink.put_all(at(0ms), s.source.key(0));
  auto one = s.source.delta(1);
  one.erase(one.begin() + 1);
  s.sink.put_all(at(33ms), one);
  CHECK(s.sink.take_numbers() == Numbers{0});
  CHECK(s.sink.assembly.deadline() == at(63ms));
  s.sink.assembly.time_passed(at(62ms));
  CHECK_FALSE(s.sink.assembly.take_loss(at(62ms), 100ms));
  s.sink.assembly.time_passed(at(63ms));
  const auto loss = s.sink.assembly.take_loss(at(63ms), 100ms);
  REQUIRE(loss);
  CHECK(loss->first_lost == 1);
  CHECK(loss->last_good == std::uint16_t{0});
}

TEST_CASE("a late packet inside the tolerance saves its frame") {
  Stage s;
  s.sink.assembly.set_reorder_tolerance(30ms);
  s.sink.put_all(at(0ms), s.source.key(0));
  const auto one = s.source.delta(1);
  for (std::size_t i = 1; i < one.size(); ++i) s.sink.put(at(33ms), one[i]);
  CHECK(s.sink.take_numbers() == Numbers{0});
  s.sink.put(at(60ms), one[0]);
  CHECK(s.sink.take_numbers() == Numbers{1});
  CHECK_FALSE(s.sink.assembly.take_loss(at(60ms), 100ms));
}

TEST_CASE(
    "after a loss frames come out again as soon as one leans on a good frame, without a key") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(0));
  s.source.delta(1);                                  // never arrives
  s.sink.put_all(at(33ms), s.source.delta(2));        // leans on 1
  s.sink.put_all(at(66ms), s.source.delta(3));        // leans on 2
  s.sink.put_all(at(99ms), s.source.delta_on(4, 0));  // the sender has been told
  s.sink.put_all(at(132ms), s.source.delta(5));
  CHECK(s.sink.take_numbers() == Numbers{0, 4, 5});
  CHECK(s.sink.assembly.frames_undecodable() == 2);
}

TEST_CASE("a lost frame that nobody leans on is no loss to report") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(0));
  s.source.encode({1, false, 0, 1}, 2'000);  // droppable, never arrives
  s.sink.put_all(at(33ms), s.source.delta_on(2, 0));
  s.sink.assembly.time_passed(at(99ms));
  CHECK(s.sink.take_numbers() == Numbers{0, 2});
  CHECK_FALSE(s.sink.assembly.take_loss(at(99ms), 100ms));
}

TEST_CASE("the loss that is reported is the frame that is needed, though good ones lie behind it") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(0));
  s.source.delta(1);                                  // never arrives
  s.sink.put_all(at(33ms), s.source.delta_on(2, 0));  // good
  s.sink.put_all(at(66ms), s.source.delta_on(3, 1));  // leans on the lost one
  s.sink.assembly.time_passed(at(99ms));
  CHECK(s.sink.take_numbers() == Numbers{0, 2});
  const auto loss = s.sink.assembly.take_loss(at(99ms), 100ms);
  REQUIRE(loss);
  CHECK(loss->first_lost == 1);
}

TEST_CASE("a loss is repeated once per interval while it lasts") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(0));
  s.source.delta(1);
  int reports = 0;
  for (std::uint32_t n = 2; n < 62; ++n) {
    const Timestamp now = at(n * Duration{33ms});
    s.sink.put_all(now, s.source.delta(n));
    if (s.sink.assembly.take_loss(now, 200ms)) ++reports;
  }
  CHECK(reports == 9);  // 60 frames are 1,947 ms after the first; every seventh frame is 231 ms on
}

TEST_CASE("an outage is told before a frame shows it, and not again by those made meanwhile") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(0));
  s.sink.put_all(at(33ms), s.source.delta(1));
  s.sink.assembly.outage_over();
  const auto loss = s.sink.assembly.take_loss(at(300ms), 200ms);
  REQUIRE(loss);
  CHECK(loss->first_lost == 2);
  CHECK(loss->last_good == 1);
  s.source.delta(2);
  s.sink.put_all(at(320ms), s.source.delta(3));  // leans on what was lost
  CHECK_FALSE(s.sink.assembly.take_loss(at(345ms), 200ms));
  s.sink.put_all(at(360ms), s.source.delta_on(4, 1));  // goes around it
  CHECK_FALSE(s.sink.assembly.lacks_frames());
}

TEST_CASE("a loss beyond the newest frame is told once, too") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(0));
  s.sink.assembly.decode_failed(40);
  CHECK(s.sink.assembly.take_loss(at(0ms), 100ms));
  CHECK_FALSE(s.sink.assembly.take_loss(at(0ms), 100ms));
}

TEST_CASE("what a refused frame supports is not released either") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(0));
  s.sink.put_all(at(33ms), s.source.delta(1));
  CHECK(s.sink.take_numbers() == Numbers{0, 1});
  s.sink.assembly.decode_failed(1);
  s.sink.put_all(at(66ms), s.source.delta(2));
  CHECK(s.sink.take_numbers().empty());
  const auto loss = s.sink.assembly.take_loss(at(66ms), 100ms);
  REQUIRE(loss);
  CHECK(loss->first_lost == 1);
  s.sink.put_all(at(99ms), s.source.delta_on(3, 0));
  CHECK(s.sink.take_numbers() == Numbers{3});
}

TEST_CASE("no more packets are held than the window has") {
  Stage s;
  s.sink.assembly.set_reorder_tolerance(10s);
  s.sink.put_all(at(0ms), s.source.key(0));
  s.source.delta(1);  // a gap that nothing fills
  for (std::uint32_t n = 2; n < 600; ++n) {
    s.sink.put_all(at(33ms), s.source.delta(n));
    CHECK(s.packets.in_use() <= 512 + 8);
  }
}

TEST_CASE("after an outage longer than the window, a key frame is enough") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(0));
  for (std::uint32_t n = 1; n < 400; ++n) s.source.delta(n);  // nothing arrives
  s.sink.put_all(at(13s), s.source.delta(400));
  CHECK(s.sink.assembly.take_loss(at(13s), 100ms));
  s.sink.put_all(at(14s), s.source.key(401));
  CHECK(s.sink.take_numbers() == Numbers{0, 401});
}

TEST_CASE("frame numbers may wrap") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(65'530));
  for (std::uint32_t n = 65'531; n < 65'545; ++n) s.sink.put_all(at(0ms), s.source.delta(n));
  const auto numbers = s.sink.take_numbers();
  REQUIRE(numbers.size() == 15);
  CHECK(numbers.back() == 65'544);
}

// What the descriptors say can be decoded, computed from the frames that arrived whole.
TEST_CASE("under loss, reordering and duplicates exactly the decodable frames come out, unharmed") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    Stage s;
    s.sink.assembly.set_reorder_tolerance(50ms);
    struct Flight {
      Timestamp at;
      PacketRef packet;
    };
    std::vector<Flight> flights;
    std::vector<bool> good;
    for (std::uint32_t n = 0; n < 300; ++n) {
      const bool key = n % 60 == 0;
      const std::uint32_t back = key ? 0 : 1 + rng.below(std::min(n, 3U));
      bool whole = true;
      for (auto& p : s.source.encode({n, key, n - back, 0}, 200 + rng.below(6'000))) {
        const Timestamp left = at(n * Duration{33ms});
        const bool lost = rng.below(100) < 3;
        whole = whole && !lost;
        const auto way = [&] { return std::chrono::microseconds(rng.below(45'000)); };
        if (!lost) flights.push_back({left + way(), p});
        if (!lost && rng.below(20) == 0) flights.push_back({left + way(), p});
      }
      good.push_back(whole && (key || good[n - back]));
    }
    std::stable_sort(flights.begin(), flights.end(),
                     [](const Flight& a, const Flight& b) { return a.at < b.at; });
    std::vector<AssembledFrame> out;
    for (const Flight& f : flights) {
      s.sink.assembly.time_passed(f.at);
      s.sink.put(f.at, f.packet);
      for (auto& frame : s.sink.take()) out.push_back(std::move(frame));
    }
    s.sink.assembly.time_passed(at(20s));
    for (auto& frame : s.sink.take()) out.push_back(std::move(frame));
    Numbers expected;
    for (std::uint32_t n = 0; n < 300; ++n) {
      if (good[n]) expected.push_back(n);
    }
    Numbers numbers;
    for (const auto& f : out) {
      numbers.push_back(f.frame_number);
      REQUIRE(f.frame->bytes == s.source.sent(f.frame_number));
    }
    REQUIRE(numbers == expected);
  }
}

TEST_CASE("droppable frames that were left out are no loss, and nobody waits for them") {
  Stage s;
  s.sink.put_all(at(0ms), s.source.key(0));
  for (std::uint32_t n = 2; n < 40; n += 2) {
    const Timestamp now = at(n * Duration{33ms});
    s.sink.put_all(now, s.source.delta_on(n, n - 2));
    CHECK_FALSE(s.sink.assembly.deadline());
    CHECK_FALSE(s.sink.assembly.take_loss(now, 0ms));
  }
  CHECK(s.sink.take_numbers().size() == 20);
  CHECK(s.sink.assembly.take_left_out() == 19);
  CHECK(s.sink.assembly.take_left_out() == 0);
  CHECK(s.sink.assembly.frames_undecodable() == 0);
}

TEST_CASE("a droppable frame lost on the way is not reported, and what follows goes on") {
  Stage s;
  s.sink.assembly.set_reorder_tolerance(20ms);
  s.sink.put_all(at(0ms), s.source.key(0));
  static_cast<void>(s.source.encode({1, false, 0, 1}, 3'000));  // lost
  const auto base = s.source.delta_on(2, 0);
  s.sink.put(at(66ms), base[0]);
  s.sink.assembly.time_passed(at(86ms));  // given up, with the base still under way
  CHECK_FALSE(s.sink.assembly.take_loss(at(86ms), 0ms));
  for (std::size_t i = 1; i < base.size(); ++i) s.sink.put(at(90ms), base[i]);
  CHECK(s.sink.take_numbers() == Numbers{0, 2});
  CHECK_FALSE(s.sink.assembly.take_loss(at(90ms), 0ms));
  CHECK(s.sink.assembly.take_left_out() == 0);  // it was sent
}

TEST_CASE("at half rate a lost base is reported, and the next one that goes around it is shown") {
  Stage s;
  s.sink.assembly.set_reorder_tolerance(20ms);
  s.sink.put_all(at(0ms), s.source.key(0));
  s.sink.put_all(at(66ms), s.source.delta_on(2, 0));
  static_cast<void>(s.source.delta_on(4, 2));  // lost
  s.sink.put_all(at(200ms), s.source.delta_on(6, 4));
  s.sink.assembly.time_passed(at(220ms));
  const auto loss = s.sink.assembly.take_loss(at(220ms), 100ms);
  REQUIRE(loss);
  CHECK(loss->first_lost > 2);
  CHECK(loss->first_lost <= 4);
  CHECK(loss->last_good == std::uint16_t{2});
  s.sink.put_all(at(266ms), s.source.delta_on(7, 2));
  CHECK(s.sink.take_numbers() == Numbers{0, 2, 7});
  CHECK_FALSE(s.sink.assembly.take_loss(at(500ms), 100ms));
}

namespace {
// A key frame, and a second frame of which the first packet is missing; the third is whole.
struct Waiting {
  PacketPool packets{1'500};
  FramePool frames;
  VideoSource source{packets};
  VideoSink sink{frames};
  PacketRef missing;
  Waiting() {
    sink.repaired = true;
    sink.put_all(at(0ms), source.key(0));
    auto second = source.delta(1);
    missing = second.front();
    second.erase(second.begin());
    sink.put_all(at(33ms), second);
    sink.assembly.set_oldest_missing(sink.id_of(missing));
    sink.put_all(at(66ms), source.delta(2));
    static_cast<void>(sink.take());
  }
  // At 220 the encoder has gone around it; the key frame, three frames before that, was shown then.
  void goes_around(Duration key_shown) {
    sink.assembly.set_oldest_missing(sink.id_of(missing), true);
    const auto key = wire::parse_rtp(source.key(0).front()->bytes());
    sink.assembly.set_showing(key->header.timestamp, at(key_shown));
    sink.put_all(at(220ms), source.delta_on(3, 0));
  }
};
}  // namespace

TEST_CASE("a gap that repair may fill is waited for, and what comes after it is mended") {
  Waiting w;
  w.sink.assembly.time_passed(at(120ms));
  CHECK(w.sink.assembly.waits_for_repair());
  CHECK_FALSE(w.sink.assembly.take_loss(at(120ms), 150ms));
  w.sink.put(at(130ms), w.missing);
  const auto frames = w.sink.take();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].mended);
  CHECK(frames[1].mended);
}

TEST_CASE("repair that is late is told, once, and still taken when it comes") {
  Waiting w;
  w.sink.assembly.set_oldest_missing(w.sink.id_of(w.missing), true);
  w.sink.assembly.time_passed(at(200ms));
  const auto loss = w.sink.assembly.take_loss(at(200ms), 150ms);
  REQUIRE(loss);
  CHECK(loss->first_lost == 1);
  CHECK(loss->last_good == 0);
  w.sink.put(at(210ms), w.missing);
  CHECK(w.sink.take_numbers() == std::vector<std::int64_t>{1, 2});
  CHECK_FALSE(w.sink.assembly.take_loss(at(211ms), 150ms));
}

TEST_CASE("repair that is late is not waited for when a frame comes that needs nothing of it") {
  Waiting w;
  w.sink.assembly.set_oldest_missing(w.sink.id_of(w.missing), true);
  w.sink.assembly.time_passed(at(200ms));
  w.sink.put_all(at(220ms), w.source.delta_on(3, 0));
  w.sink.assembly.time_passed(at(260ms));
  CHECK(w.sink.take_numbers() == std::vector<std::int64_t>{3});
  CHECK_FALSE(w.sink.assembly.waits_for_repair());
}

TEST_CASE("a frame that needs nothing of what is missing waits for it until it is to be shown") {
  for (const bool comes : {true, false}) {
    Waiting w;
    w.goes_around(250ms);
    w.sink.assembly.time_passed(at(320ms));
    CHECK(w.sink.take_numbers().empty());
    REQUIRE(w.sink.assembly.deadline());
    CHECK(*w.sink.assembly.deadline() > at(320ms));
    CHECK(*w.sink.assembly.deadline() < at(349ms));  // 250, and three frames
    // The encoder has gone around it: nothing is to be told any more.
    CHECK_FALSE(w.sink.assembly.take_loss(at(320ms), 150ms));
    if (comes) w.sink.put(at(330ms), w.missing);
    w.sink.assembly.time_passed(*w.sink.assembly.deadline());
    CHECK(w.sink.take_numbers() == (comes ? Numbers{1, 2, 3} : Numbers{3}));
  }
}

TEST_CASE("whatever is said of showing, a whole frame waits 150 ms at most") {
  Waiting w;
  w.goes_around(1h);
  w.sink.assembly.time_passed(at(369ms));
  CHECK(w.sink.take_numbers().empty());
  w.sink.assembly.time_passed(at(370ms));
  CHECK(w.sink.take_numbers() == Numbers{3});
}

TEST_CASE(
    "what the encoder goes around already is not told again when the loss before it is mended") {
  Waiting w;
  auto fourth = w.source.delta(3);
  const PacketRef second_missing = fourth.front();
  fourth.erase(fourth.begin());
  w.sink.put_all(at(99ms), fourth);
  w.sink.put_all(at(132ms), w.source.delta(4));
  w.sink.assembly.set_oldest_missing(w.sink.id_of(w.missing), true);
  w.sink.assembly.time_passed(at(200ms));
  REQUIRE(w.sink.assembly.take_loss(at(200ms), 150ms));
  w.sink.assembly.set_oldest_missing(w.sink.id_of(second_missing), true);
  w.sink.put(at(210ms), w.missing);
  CHECK(w.sink.take_numbers() == std::vector<std::int64_t>{1, 2});
  CHECK_FALSE(w.sink.assembly.take_loss(at(211ms), 150ms));
  CHECK(w.sink.assembly.take_loss(at(351ms), 150ms)->first_lost == 3);
}
