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

TEST_CASE("before anybody gets more, as many as possible get sound and the least pictures",
          "[rate]") {
  const Basics plain{Bitrate::kbps(100), Bitrate::kbps(60), 1};
  std::array<Basics, 3> basics = {plain, plain, plain};
  basics[2].turn = 0;
  std::array<Claim, 3> claims = {Claim{1, Bitrate::kbps(9'000), {}},
                                 Claim{1, Bitrate::kbps(9'000), {}},
                                 Claim{4, Bitrate::kbps(9'000), {}}};
  divide(Bitrate::kbps(540), claims, basics);
  CHECK(claims[0].share == Bitrate::kbps(170));  // its basics and a sixth of what is left
  CHECK(claims[2].share == Bitrate::kbps(200));
  // Too little for all pictures: first the one whose turn it is, then in order.
  divide(Bitrate::kbps(425), claims, basics);
  CHECK(claims[0].share >= Bitrate::kbps(160));
  CHECK(claims[1].share < Bitrate::kbps(160));
  CHECK(claims[2].share >= Bitrate::kbps(160));
  CHECK(claims[0].most == Bitrate::kbps(9'000));
  // Too little for all sound: the weights.
  divide(Bitrate::kbps(240), claims, basics);
  CHECK(claims[2].share == Bitrate::kbps(160));
}

TEST_CASE("basics are never more than a claim's most", "[rate]") {
  const Basics plain{Bitrate::kbps(100), Bitrate::kbps(60), 0};
  const std::array<Basics, 2> basics = {plain, plain};
  std::array<Claim, 2> claims = {Claim{1, Bitrate::kbps(120), {}}, Claim{1, Bitrate::kbps(50), {}}};
  divide(Bitrate::kbps(1'000), claims, basics);
  CHECK(claims[0].share == Bitrate::kbps(120));
  CHECK(claims[1].share == Bitrate::kbps(50));
}
