// Numbers with units: exact, or nothing.
#include <catch2/catch.hpp>

#include "sim/config_table.h"

namespace diemcau::sim {

TEST_CASE("a decimal time is exact to the nanosecond", "[sim]") {
  CHECK(parse_duration("6ms") == Duration{6'000'000});
  CHECK(parse_duration("1.5 s") == Duration{1'500'000'000});
  CHECK(parse_duration("0.000000001s") == Duration{1});
  CHECK(parse_duration("2min") == Duration{120'000'000'000});
}

TEST_CASE("what is no time is nothing", "[sim]") {
  for (const char* text : {"", "6", "ms", "-6ms", "6 msec", "1e3s", ".5s", "5.s", "1..5s", "0.1ns",
                           "9223372037s", "99999999999999999999999ms", "nan s", "6ms "}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("rates and sizes take their units", "[sim]") {
  CHECK(parse_bitrate("1.25Mbit/s") == Bitrate::bps(1'250'000));
  CHECK(parse_bitrate("1Gbit/s") == Bitrate::kbps(1'000'000));
  CHECK_FALSE(parse_bitrate("1MB/s"));
  CHECK(parse_byte_count("64KiB") == ByteCount::bytes(65'536));
  CHECK_FALSE(parse_byte_count("1.5B"));
}

TEST_CASE("only a near word is offered as a correction", "[sim]") {
  const std::vector<std::string> known = {"rate", "delay", "queue"};
  CHECK(nearest("raet", known) == "rate");
  CHECK(nearest("dely", known) == "delay");
  CHECK_FALSE(nearest("bandwidth", known));
}

}  // namespace diemcau::sim
