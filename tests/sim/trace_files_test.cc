// Measured lines from files: what is read, and that what is wrong is said with its line.
#include "sim/trace_files.h"

#include <catch2/catch.hpp>

#include "sim/scenario_error.h"

namespace diemcau::sim {
namespace {

// The line that an error names; 0 when there was none.
template <typename Parse>
unsigned refused_at(Parse parse, const std::string& text) {
  try {
    static_cast<void>(parse(text, "a.file"));
  } catch (const ScenarioError& e) {
    CHECK(e.file() == "a.file");
    return e.line() == 0 ? 1 : e.line();
  }
  return 0;
}

}  // namespace

TEST_CASE("Mahimahi's file is one whole ms per opportunity", "[sim]") {
  const auto c = parse_opportunities("# a comment\n0\n1\n1\n\n5\r\n12", "lte.up");
  CHECK(c.kind == CapacityConfig::Kind::opportunities);
  CHECK(c.opportunities_ms == std::vector<std::uint32_t>{0, 1, 1, 5, 12});
}

TEST_CASE("an opportunity that makes no sense is refused with its line", "[sim]") {
  CHECK(refused_at(parse_opportunities, "1\n2\n1\n") == 3);
  CHECK(refused_at(parse_opportunities, "1\n2.5\n") == 2);
  CHECK(refused_at(parse_opportunities, "1\n-2\n") == 2);
  CHECK(refused_at(parse_opportunities, "1\n2 3\n") == 2);
  CHECK(refused_at(parse_opportunities, "1\n86400001\n") == 2);
  CHECK(refused_at(parse_opportunities, "1\n99999999999999999999\n") == 2);
  CHECK(refused_at(parse_opportunities, "") != 0);
  CHECK(refused_at(parse_opportunities, "0\n0\n") != 0);
}

TEST_CASE("rates are seconds and Mbit/s, by blanks or commas, with a head or without", "[sim]") {
  for (const char* text : {"0 8\n1.5 0.25\n", "time_s,rate_mbps\n0,8\n1.5,0.25\n",
                           "# measured\n0\t8\r\n1.5\t0.25\r\n"}) {
    INFO(text);
    const auto c = parse_rates(text, "line.csv");
    CHECK(c.kind == CapacityConfig::Kind::steps);
    REQUIRE(c.steps.size() == 2);
    CHECK(c.steps[0].rate == Bitrate::kbps(8'000));
    CHECK(c.steps[1].at == 1500ms);
    CHECK(c.steps[1].rate == Bitrate::kbps(250));
    CHECK(c.period == Duration{3s});  // the last step lasts as long as the one before it
  }
  CHECK(parse_rates("0 8\n", "one").period == Duration{1s});
}

TEST_CASE("a rate that makes no sense is refused with its line", "[sim]") {
  CHECK(refused_at(parse_rates, "1 8\n") == 1);
  CHECK(refused_at(parse_rates, "0 8\n0 9\n") == 2);
  CHECK(refused_at(parse_rates, "0 8\n2 9\n1 9\n") == 3);
  CHECK(refused_at(parse_rates, "0 8\n1\n") == 2);
  CHECK(refused_at(parse_rates, "0 8\n1 9 10\n") == 2);
  CHECK(refused_at(parse_rates, "0 8\n1 -9\n") == 2);
  CHECK(refused_at(parse_rates, "0 8\n1 nan\n") == 2);
  CHECK(refused_at(parse_rates, "0 100001\n") == 1);
  CHECK(refused_at(parse_rates, "0 0\n1 0\n") != 0);
  CHECK(refused_at(parse_rates, "") != 0);
}

TEST_CASE("steps finer than 1 ms and lines that carry next to nothing are refused", "[sim]") {
  CHECK(refused_at(parse_rates, "0 8\n0.0009 9\n") == 2);
  CHECK(refused_at(parse_rates, "0 8\n0.001 9\n") == 0);
  CHECK(refused_at(parse_rates, "0 0.001\n") == 0);
  CHECK(refused_at(parse_rates, "0 0.001\n1 0\n") != 0);
}

TEST_CASE("times beyond a year are refused: their sums would not fit", "[sim]") {
  CHECK(refused_at(parse_rates, "0 8\n9000000000 8\n") == 2);
  CHECK(refused_at(parse_probe, "0,5,0\n9000000000,5,0\n") == 2);
}

TEST_CASE("a probe's file is time, delay and fate", "[sim]") {
  const auto trace =
      parse_probe("time_s,delay_ms,lost\n0.00,5.5,0\n0.01,,1\n0.02,7,1\n0.03,8,0\n", "p");
  REQUIRE(trace.size() == 4);
  CHECK(trace[0].delay == 5500us);
  CHECK_FALSE(trace[0].lost);
  CHECK(trace[1].lost);
  CHECK(trace[1].delay == 5500us);  // a lost packet has none of its own
  CHECK(trace[2].delay == 7ms);
  CHECK(trace[3].at == 30ms);
}

TEST_CASE("a probe line that makes no sense is refused with its line", "[sim]") {
  CHECK(refused_at(parse_probe, "0,5,0\n0,6,0\n") == 2);
  CHECK(refused_at(parse_probe, "0,5,0\n1,,0\n") == 2);
  CHECK(refused_at(parse_probe, "0,5,0\n1,6,2\n") == 2);
  CHECK(refused_at(parse_probe, "0,5,0\n1\n") == 2);
  CHECK(refused_at(parse_probe, "0,60001,0\n") == 1);
  CHECK(refused_at(parse_probe, "0,,1\n1,,1\n") != 0);
  CHECK(refused_at(parse_probe, "") != 0);
}

}  // namespace diemcau::sim
