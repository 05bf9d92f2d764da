#include "core/rate/share.h"

#include <array>
#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::rate;

TEST_CASE("a rate is divided in the ratio of the weights", "[rate]") {
  std::array<Claim, 3> claims = {Claim{2, Bitrate::kbps(9'000), {}},
                                 Claim{1, Bitrate::kbps(9'000), {}},
                                 Claim{1, Bitrate::kbps(9'000), {}}};
  divide(Bitrate::kbps(4'000), claims);
  CHECK(claims[0].share == Bitrate::kbps(2'000));
  CHECK(claims[1].share == Bitrate::kbps(1'000));
  CHECK(claims[2].share == Bitrate::kbps(1'000));
}

TEST_CASE("what one does not want goes to the others", "[rate]") {
  std::array<Claim, 3> claims = {Claim{4, Bitrate::kbps(100), {}},
                                 Claim{1, Bitrate::kbps(9'000), {}},
                                 Claim{1, Bitrate::kbps(9'000), {}}};
  divide(Bitrate::kbps(2'100), claims);
  CHECK(claims[0].share == Bitrate::kbps(100));
  CHECK(claims[1].share == Bitrate::kbps(1'000));
  CHECK(claims[2].share == Bitrate::kbps(1'000));
}

TEST_CASE("with more than all want, everybody has what it wants", "[rate]") {
  std::array<Claim, 2> claims = {Claim{1, Bitrate::kbps(300), {}}, Claim{3, Bitrate::kbps(50), {}}};
  divide(Bitrate::kbps(5'000), claims);
  CHECK(claims[0].share == Bitrate::kbps(300));
  CHECK(claims[1].share == Bitrate::kbps(50));
}
