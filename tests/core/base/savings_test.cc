#include "core/base/savings.h"

#include <catch2/catch.hpp>

using namespace diemcau;

TEST_CASE("so many may be taken at once, then one each while", "[core][base]") {
  Savings savings{3, 500ms};
  const Timestamp t0{1s};
  for (int n = 0; n < 3; ++n) CHECK(savings.take(t0));
  CHECK_FALSE(savings.take(t0));
  CHECK_FALSE(savings.take(t0 + 499ms));
  CHECK(savings.take(t0 + 500ms));
  CHECK_FALSE(savings.take(t0 + 999ms));
  // No more is saved up in an hour than at first.
  for (int n = 0; n < 3; ++n) CHECK(savings.take(t0 + 1h));
  CHECK_FALSE(savings.take(t0 + 1h));
}
