#include "core/quality/emodel.h"

#include <catch2/catch.hpp>
#include <utility>

using namespace diemcau;
using namespace diemcau::quality;

TEST_CASE("delay costs what G.107 says") {
  const std::pair<Duration, double> table[] = {{100ms, 0},   {150ms, 0.2},  {200ms, 3.0},
                                               {250ms, 8.9}, {300ms, 14.8}, {400ms, 24.1}};
  for (const auto& [delay, idd] : table) {
    CAPTURE(to_ms(delay));
    CHECK(93.2 - r_factor(delay, 0) == Approx(idd).margin(0.05));
  }
}

TEST_CASE("sound within 100 ms loses nothing by its delay") {
  CHECK(r_factor(0ms, 0) == Approx(93.2));
  CHECK(r_factor(100ms, 0) == Approx(93.2));
}

TEST_CASE("delay and loss give the opinion scores of the formula") {
  const EModelCodec with_repair{0, 20};
  const Duration delays[] = {100ms, 150ms, 200ms, 250ms, 300ms, 400ms};
  const double losses[] = {0, 0.01, 0.03, 0.10};
  const double table[6][4] = {{4.41, 4.31, 4.05, 3.18}, {4.41, 4.30, 4.05, 3.17},
                              {4.34, 4.22, 3.94, 3.02}, {4.18, 4.01, 3.68, 2.71},
                              {3.96, 3.77, 3.41, 2.41}, {3.56, 3.33, 2.93, 1.94}};
  for (int d = 0; d < 6; ++d) {
    for (int p = 0; p < 4; ++p) {
      CAPTURE(to_ms(delays[d]), losses[p]);
      CHECK(mos(r_factor(delays[d], losses[p], with_repair)) == Approx(table[d][p]).margin(0.0101));
    }
  }
}

TEST_CASE("loss in bursts costs more than the same loss at random") {
  CHECK(r_factor(100ms, 0.03, {}, 4) < r_factor(100ms, 0.03, {}, 1));
}

TEST_CASE("an opinion score is between 1 and 4.5") {
  for (double r = -50; r <= 150; r += 1) {
    CHECK(mos(r) >= 1);
    CHECK(mos(r) <= 4.5);
  }
}
