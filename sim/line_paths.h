// All lines of a scenario, numbered as the simulator numbers them, and which of them lie between
// two members.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/link.h"
#include "sim/scenario.h"

namespace diemcau::sim {

struct NamedLine {
  std::string name;  // "central/up"
  LinkConfig config;
};

// The number of a line keeps its random streams apart: with the same numbers, one seed gives the
// same weather in virtual and in real time.
class LinePaths {
 public:
  explicit LinePaths(const Scenario& scenario);
  const std::vector<NamedLine>& lines() const { return lines_; }
  std::size_t members() const { return out_.size(); }
  // A member's own line and its shared segments, from the site outwards, and back to it.
  const std::vector<std::uint32_t>& outwards(std::uint16_t member) const { return out_[member]; }
  const std::vector<std::uint32_t>& inwards(std::uint16_t member) const { return in_[member]; }
  // Up the sender's line, over its shared segments, over the receiver's, down the receiver's line.
  std::size_t hops(std::uint16_t from, std::uint16_t to) const {
    return out_[from].size() + in_[to].size();
  }
  std::uint32_t line(std::uint16_t from, std::uint16_t to, std::size_t hop) const {
    const auto& out = out_[from];
    return hop < out.size() ? out[hop] : in_[to][hop - out.size()];
  }

 private:
  std::vector<NamedLine> lines_;
  // By member, from the site outwards and from outside to the site.
  std::vector<std::vector<std::uint32_t>> out_, in_;
};

}  // namespace diemcau::sim
