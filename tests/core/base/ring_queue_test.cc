#include "core/base/ring_queue.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/base/rng.h"

using namespace diemcau;

TEST_CASE("a ring queue holds what a plain list would hold after any pushes, pops and insertions",
          "[base]") {
  constexpr std::uint64_t kSeed = 20'261'126;
  CAPTURE(kSeed);
  Rng rng(kSeed);
  RingQueue<int> ring;
  std::vector<int> list;
  for (int i = 0; i < 20'000; ++i) {
    // More pops than growth at times, so that it wraps, empties and grows again.
    if (!list.empty() && rng.below(100) < (i / 1'000 % 2 == 0 ? 40U : 60U)) {
      REQUIRE(ring.pop() == list.front());
      list.erase(list.begin());
    } else if (rng.below(2) == 0) {
      ring.push(i);
      list.push_back(i);
    } else {
      const std::size_t place = rng.below(static_cast<std::uint32_t>(list.size()) + 1);
      ring.insert(place, i);
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(place), i);
    }
    REQUIRE(ring.size() == list.size());
    for (std::size_t k = 0; k < list.size(); ++k) REQUIRE(ring.at(k) == list[k]);
  }
}
