#include "core/base/token_bucket.h"

#include <catch2/catch.hpp>

using namespace diemcau;

TEST_CASE("so many may be taken at once, then one each while", "[core][base]") {
  TokenBucket bucket{3, 500ms};
  const Timestamp t0{1s};
  for (int n = 0; n < 3; ++n) CHECK(bucket.take(t0));
  CHECK_FALSE(bucket.take(t0));
  CHECK_FALSE(bucket.take(t0 + 499ms));
  CHECK(bucket.take(t0 + 500ms));
  CHECK_FALSE(bucket.take(t0 + 999ms));
  // No more is saved up in an hour than at first.
  for (int n = 0; n < 3; ++n) CHECK(bucket.take(t0 + 1h));
  CHECK_FALSE(bucket.take(t0 + 1h));
}
