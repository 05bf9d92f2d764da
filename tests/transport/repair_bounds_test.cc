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

TEST_CASE("The least extra is the loss itself where questions fit several times", "[judge]") {
  RepairPlan plan = plan_with(0.1);
  plan.round_trip = 10ms;
  plan.budget = 150ms;
  // Every loss once more, and what is lost of that: p ÷ (1 − p) = 11.1 %. Four questions leave
  // 4 p⁵ = 0.004 % of the pictures.
  const auto extra = least_extra(plan, {});
  REQUIRE(extra);
  CHECK(*extra == Approx(0.111).epsilon(0.05));
}

TEST_CASE("Where no answer is in time the least extra is that of a code alone", "[judge]") {
  RepairPlan plan = plan_with(0.1);
  plan.round_trip = 200ms;
  plan.budget = 34ms;
  // One picture's own repair: with r packets behind four, more are lost than arrive. Of 1.5 % at
  // most, two packets of repair leave 1.6 % (6 packets, more than two lost), three 0.3 %.
  const auto extra = least_extra(plan, {0.015, {}, 0});
  REQUIRE(extra);
  CHECK(*extra > 0.49);
  CHECK(*extra < 0.76);
  CHECK_FALSE(least_extra(plan, {0.00001, {}, 0}));
}

TEST_CASE("Nine pictures in ten at once cost more than all of them in time", "[judge]") {
  RepairPlan plan = plan_with(0.1);
  plan.budget = 150ms;
  const auto in_time = least_extra(plan, {}), at_once = least_extra(plan, {0.001, 34ms, 0.9});
  REQUIRE(in_time);
  REQUIRE(at_once);
  // 34 % lack a packet: with one packet of repair for each picture, 5 packets of which two are
  // lost, 8 % do.
  CHECK(*at_once > *in_time + 0.05);
  CHECK(*at_once < 0.3);
}

}  // namespace diemcau::judge
