// Addresses as people write them: "192.0.2.1:5004", "[2001:db8::1]:5004". No names: a bridge must
// come up without DNS.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/units/ids.h"

namespace diemcau::node {

// Port 0 is allowed: the system picks one.
std::optional<Endpoint> parse_address(std::string_view text);
std::string text_of(const Endpoint& endpoint);

}  // namespace diemcau::node
