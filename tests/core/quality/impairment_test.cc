#include "core/quality/impairment.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::quality;

namespace {
const Timestamp t0 = timestamp_from_ns(1'000'000'000'000);

// A second at a time: 50 packets of sound, a device that asks every 10 ms, pictures.
struct Line {
  ImpairmentMeter meter;
  Timestamp now = t0;
  ImpairmentMeter::Heard fine{true, 0, {true, false, 0}, {}, 0};
  ImpairmentMeter::Heard heard = fine;
  Duration one_way = 20ms;
  Duration in_last_fifth{};  // more than that
  Duration clock{};          // how far the peer's is wrong
  Duration decode = 3ms;
  Duration device = 10ms;

  Line() { second(); }
  void quiet(Duration d) {
    for (const Timestamp end = now + d; now < end; now += device) meter.device_asked(now);
  }
  ImpairmentMeter::Verdict second(bool packets = true) {
    for (Duration d{}; d < 1s; d += 20ms) {
      if (packets) {
        const Timestamp sent = now + d - one_way - (d < 800ms ? Duration{} : in_last_fifth);
        meter.packet_arrived(now + d);
        meter.sound_arrived(now + d, sent + clock,
                            static_cast<std::uint32_t>(to_ms(sent - t0) * 48));
      }
      meter.picture_decoded(decode);
    }
    for (Duration d{}; d < 1s; d += device) meter.device_asked(now + d);
    now += 1s;
    return meter.close(now, heard);
  }
};
}  // namespace

TEST_CASE("A second without trouble has no cause, whatever the line did", "[core][quality]") {
  Line line;
  line.heard.packets_lost = 20;
  line.one_way = 300ms;
  line.decode = 400ms;
  line.meter.sound_late();
  const auto v = line.second();
  CHECK(v.seconds == 1);
  CHECK_FALSE(v.sound);
  CHECK_FALSE(v.face);
}

TEST_CASE("Trouble while sound waits in a line is the queue's, its losses too", "[core][quality]") {
  Line line;
  line.one_way = 120ms;
  line.heard.samples_concealed = 960;
  line.heard.face.undecodable = 3;
  line.heard.packets_lost = 12;
  const auto v = line.second();
  CHECK(v.sound == Cause::queue);
  CHECK(v.face == Cause::queue);
}

TEST_CASE("A queue that begins to grow before a second ends is named already", "[core][quality]") {
  Line line;
  line.heard.samples_concealed = 960;
  line.in_last_fifth = 90ms;  // 18 ms on average
  CHECK(line.second().sound == Cause::queue);
  line.in_last_fifth = 0ms;
  CHECK(line.second().sound == Cause::queue);  // what is seen late
}

TEST_CASE("A long way is no queue", "[core][quality]") {
  Line line;
  line.meter = ImpairmentMeter{};
  line.one_way = 300ms;  // from the first packet on
  line.second();
  line.heard.samples_concealed = 960;
  line.heard.packets_lost = 1;
  CHECK(line.second().sound == Cause::wire);
}

TEST_CASE("A clock that is set makes no queue", "[core][quality]") {
  Line line;
  line.second();
  for (const Duration clock : {Duration{5s}, Duration{-5s}, Duration{}}) {
    line.clock = clock;
    line.heard = line.fine;
    line.second();
    line.heard.samples_concealed = 960;
    line.heard.packets_lost = 1;
    CHECK(line.second().sound == Cause::wire);
  }
}

TEST_CASE("A loss without a queue is the wire's, and its picture may break a second later",
          "[core][quality]") {
  Line line;
  line.heard.samples_concealed = 960;
  line.heard.packets_lost = 1;
  CHECK(line.second().sound == Cause::wire);
  line.heard = line.fine;
  line.heard.face.frozen = true;
  CHECK(line.second().face == Cause::wire);
}

TEST_CASE("Silence of a peer that should be heard is an outage, second by second",
          "[core][quality]") {
  Line line;
  for (int i = 0; i < 3; ++i) {
    const auto v = line.second(false);
    CHECK(v.sound == Cause::outage);
    CHECK(v.face == Cause::outage);
  }
  line.heard.face.frozen = true;  // until the next key frame
  CHECK(line.second().face == Cause::outage);
}

TEST_CASE("A hush is an outage if the line is as before, a queue's if sound waits then",
          "[core][quality]") {
  Line line;
  line.heard.samples_concealed = 9'600;
  line.quiet(300ms);
  CHECK(line.second().sound == Cause::outage);
  line.one_way = 400ms;  // of a burst of somebody else's, which stays
  line.second();
  line.quiet(300ms);
  CHECK(line.second().sound == Cause::queue);
  line.quiet(700ms);
  CHECK(line.second().sound == Cause::outage);
}

TEST_CASE("A peer that has covered camera and microphone is not impaired", "[core][quality]") {
  Line line;
  line.heard.sound_expected = line.heard.face.expected = false;
  const auto v = line.second(false);
  CHECK_FALSE(v.sound);
  CHECK_FALSE(v.face);
}

TEST_CASE("Late decoding and late play-out are this machine's", "[core][quality]") {
  Line line;
  line.decode = 150ms;
  line.heard.face.frozen = true;
  CHECK(line.second().face == Cause::cpu);
  line.decode = 3ms;
  line.device = 200ms;
  line.heard = line.fine;
  line.heard.samples_concealed = 4'800;
  CHECK(line.second().sound == Cause::cpu);
}

TEST_CASE("Sound that came after its turn was late, pictures left out had no room",
          "[core][quality]") {
  Line line;
  line.heard.samples_concealed = 960;
  line.meter.sound_late();
  CHECK(line.second().sound == Cause::late);
  line.heard = line.fine;
  line.second();
  line.second();
  line.heard.face.frozen = true;
  CHECK(line.second().face == Cause::queue);
}

TEST_CASE("Seconds that nobody closed are counted by the next that is", "[core][quality]") {
  Line line;
  line.now += 4s;
  CHECK(line.meter.close(line.now, line.heard).seconds == 4);
}

TEST_CASE("A document that stands still is a trouble of its own, with the line's cause",
          "[core][quality]") {
  Line line;
  line.heard.page = {true, true, 0};
  line.heard.packets_lost = 3;
  auto v = line.second();
  CHECK(v.page == Cause::wire);
  CHECK_FALSE(v.face);
  line.heard = line.fine;
  line.heard.page.expected = true;
  line.second();
  v = line.second();
  CHECK_FALSE(v.page);
}
