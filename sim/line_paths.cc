// Lines of the members first, each up and down, then those of the shared segments.
#include "sim/line_paths.h"

namespace diemcau::sim {

LinePaths::LinePaths(const Scenario& scenario) {
  for (const Site& site : scenario.members) {
    lines_.push_back({site.name + "/up", site.up});
    lines_.push_back({site.name + "/down", site.down});
  }
  const std::size_t segments_at = lines_.size();
  for (const SharedSegment& segment : scenario.segments) {
    lines_.push_back({segment.name + "/up", segment.up});
    lines_.push_back({segment.name + "/down", segment.down});
  }
  for (std::size_t i = 0; i < scenario.members.size(); ++i) {
    std::vector<std::uint32_t> out{static_cast<std::uint32_t>(2 * i)};
    std::vector<std::uint32_t> in{static_cast<std::uint32_t>(2 * i + 1)};
    for (const std::uint32_t segment : scenario.members[i].via) {
      const auto up = static_cast<std::uint32_t>(segments_at + 2 * segment);
      out.push_back(up);
      in.insert(in.begin(), up + 1);
    }
    out_.push_back(std::move(out));
    in_.push_back(std::move(in));
  }
}

}  // namespace diemcau::sim
