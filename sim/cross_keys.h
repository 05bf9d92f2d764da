// [[cross]]: traffic that is not ours on the lines of a scenario.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/units/bitrate.h"
#include "core/units/byte_count.h"
#include "core/units/time.h"
#include "sim/config_table.h"

namespace diemcau::sim {

// One flow at one site. What goes up leaves by the lines that the site's media leave by; what
// answers comes back by the others.
struct CrossConfig {
  enum class Kind : std::uint8_t { cbr, poisson, tcp_newreno, tcp_cubic, tcp_short, office };
  std::string name;  // for results: "district-03/up tcp-cubic"
  Kind kind = Kind::cbr;
  std::uint16_t member = 0;
  bool up = true;
  Bitrate rate;                               // cbr and poisson
  ByteCount packet = ByteCount::bytes(1200);  // with its IP header
  // Files of tcp_short are uniform between the two; those of office Pareto distributed.
  ByteCount smallest = ByteCount::bytes(30'000), largest = ByteCount::bytes(50'000);
  Duration idle = 10s;  // between files, on average
  Duration start{};
  std::optional<Duration> end;
};

// `members` are the names of the meeting's sites in order; patterns of `at` name one at least.
std::vector<CrossConfig> read_cross(const ConfigTable& root,
                                    const std::vector<std::string>& members);

}  // namespace diemcau::sim
