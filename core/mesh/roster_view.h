// Looks bridges up by their roster id: what the wire says, as the index this node uses.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "core/mesh/bridge_config.h"

namespace diemcau::mesh {

inline std::optional<PeerId> find_bridge(const std::vector<RosterEntry>& roster,
                                         std::string_view id) {
  const auto at =
      std::lower_bound(roster.begin(), roster.end(), id,
                       [](const RosterEntry& e, std::string_view key) { return e.id < key; });
  if (at == roster.end() || at->id != id) return std::nullopt;
  return PeerId{static_cast<std::uint16_t>(at - roster.begin())};
}

}  // namespace diemcau::mesh
