// What an operator is told of a bridge that came, went or shows something.
#pragma once

#include <optional>
#include <string>

#include "core/mesh/boundary.h"
#include "node/catalogue.h"

namespace diemcau::node {

// None for what only machines care about. `name` is that of the event's peer.
std::optional<std::string> event_line(Language language, const std::string& name,
                                      const mesh::Event& event);

}  // namespace diemcau::node
