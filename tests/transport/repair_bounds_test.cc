// The bounds where they can be computed by hand.
#include "bench/transport/repair_bounds.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace diemcau::judge {
namespace {

RepairPlan plan_with(double p) {
  RepairPlan plan;
  plan.loss.kind = sim::LossConfig::Kind::iid;
  plan.loss.loss_good = static_cast<std::uint64_t>(std::llround(p * 4'294'967'296.0));
  plan.round_trip = 40ms;
  plan.budget = 100ms;
  return plan;
}

// Three standard deviations of a part of 20,000 pictures.
double margin(double part) { return 3 * std::sqrt(part * (1 - part) / 20'000); }

}  // namespace

TEST_CASE("Without repair a picture is whole when all of its packets arrive", "[judge]") {
  RepairPlan plan = plan_with(0.03);
  plan.budget = 10ms;
  const double expected = 1 - std::pow(0.97, 4);
  const RepairBounds bounds = repair_bounds(plan);
  CHECK(bounds.ideal_code == Approx(expected).margin(margin(expected)));
  CHECK(bounds.asking == Approx(expected).margin(margin(expected)));
  CHECK(bounds.asking_extra == 0);
}

TEST_CASE("With one repair packet in each picture's budget one loss is mended", "[judge]") {
  // Four of media and one of repair that may be lost as well: more lost than arrived.
  RepairPlan plan = plan_with(0.1);
  plan.coded_per_packet = 0.25;
  plan.budget = 34ms;
  const double none = std::pow(0.9, 4), one = 4 * 0.1 * std::pow(0.9, 3);
  const double expected = 1 - none - one * 0.9;
  CHECK(repair_bounds(plan).ideal_code == Approx(expected).margin(margin(expected)));
}

TEST_CASE("Two questions leave the third power of the loss", "[judge]") {
  // 100 ms, 40 ms a question: the first answer leaves 40 ms and a gap after the loss, the second
  // 80; a third would be too late.
  const RepairBounds bounds = repair_bounds(plan_with(0.2));
  const double expected = 1 - std::pow(1 - std::pow(0.2, 3), 4);
  CHECK(bounds.asking == Approx(expected).margin(margin(expected)));
  CHECK(bounds.asking_extra == Approx(0.2 + 0.04).epsilon(0.05));
}

}  // namespace diemcau::judge
