#include "codecs/time_stretch.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"
#include "tests/codecs/support.h"

namespace diemcau::codecs {
namespace {

std::vector<std::int16_t> stretch(const std::vector<std::int16_t>& in, Stretch wish) {
  TimeStretch stretcher;
  std::vector<std::int16_t> out;
  for (std::size_t at = 0; at + kFrameSamples <= in.size(); at += kFrameSamples) {
    const Samples played = stretcher.process(Samples(in).subspan(at, kFrameSamples), wish);
    out.insert(out.end(), played.begin(), played.end());
  }
  return out;
}

int largest_step(const std::vector<std::int16_t>& samples) {
  int largest = 0;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    largest = std::max(largest, std::abs(samples[i] - samples[i - 1]));
  }
  return largest;
}

double share(const std::vector<std::int16_t>& out, const std::vector<std::int16_t>& in) {
  return static_cast<double>(out.size()) / static_cast<double>(in.size());
}

constexpr std::size_t kSeconds4 = 200 * kFrameSamples;

std::vector<std::int16_t> noise_of(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::int16_t> noise(kSeconds4);
  for (auto& s : noise) s = static_cast<std::int16_t>(static_cast<int>(rng.below(10'001)) - 5000);
  return noise;
}

}  // namespace

TEST_CASE("without a wish every frame passes unchanged", "[codecs][stretch]") {
  const auto in = testing::voice(130, 20 * kFrameSamples);
  CHECK(stretch(in, Stretch::none) == in);
}

TEST_CASE("a voice played faster is shorter by 15 % and keeps its pitch", "[codecs][stretch]") {
  for (const double pitch : {85.0, 120.0, 210.0, 330.0}) {
    CAPTURE(pitch);
    const auto in = testing::voice(pitch, kSeconds4);
    const auto out = stretch(in, Stretch::accelerate);
    CHECK(share(out, in) == Approx(0.85).margin(0.02));
    const Samples middle = Samples(out).subspan(48000, 48000);
    CHECK(testing::amplitude(middle, pitch) > 0.8 * testing::amplitude(in, pitch));
    CHECK(testing::amplitude(middle, pitch / 0.85) < 0.1 * testing::amplitude(in, pitch));
  }
}

TEST_CASE("a voice played slower is longer by 15 % and keeps its pitch", "[codecs][stretch]") {
  for (const double pitch : {85.0, 120.0, 210.0, 330.0}) {
    CAPTURE(pitch);
    const auto in = testing::voice(pitch, kSeconds4);
    const auto out = stretch(in, Stretch::decelerate);
    CHECK(share(out, in) == Approx(1.15).margin(0.02));
    const Samples middle = Samples(out).subspan(48000, 48000);
    CHECK(testing::amplitude(middle, pitch) > 0.8 * testing::amplitude(in, pitch));
    CHECK(testing::amplitude(middle, pitch / 1.15) < 0.1 * testing::amplitude(in, pitch));
  }
}

TEST_CASE("the joints do not click", "[codecs][stretch]") {
  for (const double pitch : {85.0, 120.0, 210.0, 330.0}) {
    CAPTURE(pitch);
    const auto in = testing::voice(pitch, kSeconds4);
    // A cross-fade of two equal steps adds none; half as much again is for imperfect periods.
    const int most = largest_step(in) * 3 / 2;
    CHECK(largest_step(stretch(in, Stretch::accelerate)) <= most);
    CHECK(largest_step(stretch(in, Stretch::decelerate)) <= most);
  }
}

TEST_CASE("one call changes a frame by at most 15 ms", "[codecs][stretch]") {
  const auto in = testing::voice(110, kSeconds4);
  for (const Stretch wish : {Stretch::accelerate, Stretch::decelerate}) {
    TimeStretch stretcher;
    for (std::size_t at = 0; at < in.size(); at += kFrameSamples) {
      const auto played = stretcher.process(Samples(in).subspan(at, kFrameSamples), wish).size();
      CHECK(played >= kFrameSamples - 720);
      CHECK(played <= kFrameSamples + 720);
    }
  }
}

TEST_CASE("stretched as far as it goes, a voice has half its speed, at its pitch",
          "[codecs][stretch]") {
  for (const double pitch : {70.0, 85.0, 120.0, 145.0, 210.0, 330.0}) {
    CAPTURE(pitch);
    const auto in = testing::voice(pitch, kSeconds4);
    TimeStretch stretcher;
    std::vector<std::int16_t> out;
    for (std::size_t at = 0; at < in.size(); at += kFrameSamples) {
      const Samples played =
          stretcher.process(Samples(in).subspan(at, kFrameSamples), Stretch::most);
      CHECK(played.size() >= kFrameSamples + 480);
      CHECK(played.size() <= kFrameSamples + 1440);
      out.insert(out.end(), played.begin(), played.end());
    }
    CHECK(share(out, in) == Approx(2).margin(0.02));
    const Samples middle = Samples(out).subspan(48000, 48000);
    CHECK(testing::amplitude(middle, pitch) > 0.8 * testing::amplitude(in, pitch));
    CHECK(largest_step(out) <= largest_step(in) * 3 / 2);
  }
}

TEST_CASE("silence and noise are stretched to half their speed too", "[codecs][stretch]") {
  const std::uint64_t seed = 5;
  CAPTURE(seed);
  const auto noise = noise_of(seed);
  const std::vector<std::int16_t> silence(kSeconds4, 0);
  CHECK(share(stretch(noise, Stretch::most), noise) == Approx(2).margin(0.02));
  const auto out = stretch(silence, Stretch::most);
  CHECK(share(out, silence) == Approx(2).margin(0.02));
  CHECK(std::all_of(out.begin(), out.end(), [](std::int16_t s) { return s == 0; }));
}

TEST_CASE("silence and noise drain too", "[codecs][stretch]") {
  const std::uint64_t seed = 4;
  CAPTURE(seed);
  const auto noise = noise_of(seed);
  const std::vector<std::int16_t> silence(kSeconds4, 0);
  CHECK(share(stretch(silence, Stretch::accelerate), silence) < 0.88);
  CHECK(share(stretch(noise, Stretch::accelerate), noise) < 0.95);
  CHECK(share(stretch(noise, Stretch::decelerate), noise) > 1.05);
}

TEST_CASE("a short frame passes as it is and the next joint still fits", "[codecs][stretch]") {
  const auto in = testing::voice(150, 10 * kFrameSamples);
  TimeStretch stretcher;
  stretcher.process(Samples(in).subspan(0, kFrameSamples), Stretch::none);
  CHECK(stretcher.process(Samples(in).subspan(kFrameSamples, 480), Stretch::accelerate).size() ==
        480);
  std::vector<std::int16_t> out(in.begin(), in.begin() + kFrameSamples + 480);
  const Samples next = stretcher.process(Samples(in).subspan(kFrameSamples + 480, kFrameSamples),
                                         Stretch::accelerate);
  CHECK(next.size() < kFrameSamples);
  out.insert(out.end(), next.begin(), next.end());
  CHECK(largest_step(out) <= largest_step(in) * 3 / 2);
}

}  // namespace diemcau::codecs
