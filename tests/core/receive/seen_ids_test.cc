#include "core/receive/seen_ids.h"

#include <catch2/catch.hpp>
#include <set>

#include "core/base/rng.h"

using namespace diemcau;
using receive::SeenIds;

TEST_CASE("an id is new once, and what came before the first one is not") {
  SeenIds seen;
  CHECK(seen.add(1'000));
  CHECK_FALSE(seen.add(1'000));
  CHECK_FALSE(seen.add(999));
  CHECK(seen.add(1'003));
  CHECK(seen.add(1'001));
  CHECK_FALSE(seen.add(1'001));
  CHECK(seen.add(1'002));
  CHECK_FALSE(seen.add(1'002));
}

TEST_CASE("any order: within 64 of the newest, exactly the ids that have not been here are new") {
  const auto seed = GENERATE(1U, 2U, 3U, 4U);
  CAPTURE(seed);
  Rng rng(seed);
  SeenIds seen;
  std::set<PacketId> reference = {500};
  seen.add(500);
  PacketId newest = 500;
  for (int i = 0; i < 20'000; ++i) {
    const auto far = static_cast<PacketId>(rng.below(100) == 0 ? 200 : 4);
    const PacketId id = newest + far - static_cast<PacketId>(rng.below(70));
    const bool old = newest - id > 64 || id < 500;
    REQUIRE(seen.add(id) == (!old && reference.insert(id).second));
    newest = std::max(newest, id);
  }
}
