#include "node/decode_queue.h"

#include <array>
#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::node;

namespace {
DecodeJob job_of(std::uint16_t origin, std::uint32_t number, std::size_t bytes = 1'000) {
  return {
      {PeerId{origin}, Source::camera, Layer::hi}, number, {}, std::vector<std::uint8_t>(bytes)};
}
bool give(DecodeQueue& queue, DecodeJob job) {
  if (!queue.has_room(job.stream.origin, job.bytes.size())) return false;
  queue.push(std::move(job));
  return true;
}
// Decodes one, which takes so long; whose it was.
std::uint16_t decode(DecodeQueue& queue, Duration takes) {
  const auto job = queue.pop();
  REQUIRE(job);
  queue.took(takes);
  return job->stream.origin.value;
}
}  // namespace

TEST_CASE("who sends what takes long to decode waits for the others", "[screen]") {
  DecodeQueue queue;
  for (std::uint32_t n = 0; n < 60; ++n) REQUIRE(give(queue, job_of(1, n)));
  // Thirty pictures a second of each of the others, 2 ms each; 1's take 32.
  int of_one = 0;
  for (std::uint32_t n = 0; n < 30; ++n) {
    for (std::uint16_t other = 2; other < 6; ++other) REQUIRE(give(queue, job_of(other, n)));
    Duration passed{};
    int of_others = 0;
    while (of_others < 4) {
      const bool one = queue.pop()->stream.origin.value == 1;
      queue.took(one ? 32ms : 2ms);
      passed += one ? 32ms : 2ms;
      (one ? of_one : of_others)++;
    }
    // At most the one that was being decoded when they came.
    CHECK(passed <= 40ms);
  }
  CHECK(of_one > 0);
}

TEST_CASE("a bridge's pictures are decoded in their order", "[screen]") {
  DecodeQueue queue;
  for (std::uint32_t n = 0; n < 20; ++n) {
    REQUIRE(give(queue, job_of(1, n)));
    REQUIRE(give(queue, job_of(2, n)));
  }
  std::array<std::uint32_t, 3> next{};
  for (int n = 0; n < 40; ++n) {
    const auto job = queue.pop();
    REQUIRE(job);
    CHECK(job->frame_number == next[job->stream.origin.value]++);
    queue.took(job->stream.origin.value == 1 ? 3ms : 1ms);
  }
}

TEST_CASE("who was idle has not saved anything up", "[screen]") {
  DecodeQueue queue;
  for (std::uint32_t n = 0; n < 50; ++n) {
    REQUIRE(give(queue, job_of(1, n)));
    CHECK(decode(queue, 10ms) == 1);
  }
  for (std::uint32_t n = 0; n < 10; ++n) {
    REQUIRE(give(queue, job_of(1, n)));
    REQUIRE(give(queue, job_of(2, n)));
  }
  std::array<int, 3> first_six{};
  for (int n = 0; n < 6; ++n) ++first_six[decode(queue, 10ms)];
  CHECK(first_six[1] == 3);
  CHECK(first_six[2] == 3);
}

TEST_CASE("one bridge has its own room, in pictures and in bytes", "[screen]") {
  DecodeQueue queue;
  for (std::uint32_t n = 0; n < 64; ++n) REQUIRE(give(queue, job_of(1, n)));
  CHECK_FALSE(give(queue, job_of(1, 64)));
  CHECK(give(queue, job_of(2, 0, 3U << 20)));
  CHECK_FALSE(give(queue, job_of(2, 1, 2U << 20)));
  CHECK(give(queue, job_of(3, 0)));
  CHECK(queue.dropped() == 2);
  queue.close();
  CHECK_FALSE(queue.pop());
  CHECK_FALSE(give(queue, job_of(3, 1)));
  CHECK(queue.dropped() == 2);
}
