// The roster: one file that names every bridge of the province with its public key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/mesh/bridge_config.h"
#include "core/units/ids.h"
#include "node/keys.h"

namespace diemcau::node {

struct RosterBridge {
  std::string id;    // [a-z0-9-], 1 to 32
  std::string name;  // UTF-8, NFC, 1 to 80 characters
  mesh::Role role = mesh::Role::member;
  std::vector<Endpoint> addresses;  // at most 4; empty: it must find the others
  PublicKey public_key;
};

// In the order of the file.
struct Roster {
  std::string province;
  std::uint64_t serial = 1;  // grows with every change
  std::vector<RosterBridge> bridges;
};

constexpr std::size_t kMaxBridges = 200;
constexpr std::size_t kMaxAddresses = 4;

// Every mistake is an OperatorError with file, line, key and remedy. A roster without bridges is
// one that is still being made; require_bridges() refuses it.
Roster parse_roster(std::string_view text, const std::filesystem::path& file);
Roster load_roster(const std::filesystem::path& file);
void require_bridges(const Roster& roster, const std::filesystem::path& file);

// TOML that parse_roster() reads back to the same roster, bridges in their order.
std::string roster_text(const Roster& roster);
// Writes beside `file` and renames, so that a reader sees the old roster or the new one.
void save_roster(const std::filesystem::path& file, const Roster& roster);

// Adds at the end and raises the serial; throws OperatorError for an id, name, key or address that
// may not stand beside the others.
void add_bridge(Roster& roster, RosterBridge bridge);

// Sorted by id: PeerId is the index, the same on every node.
std::vector<RosterBridge> by_id(const Roster& roster);
// Others than `self` that an IPv4 port cannot reach. They may reach us all the same, from an
// address that the roster does not have.
std::vector<std::string> names_only_over_ipv6(const std::vector<RosterBridge>& sorted, PeerId self);
// What core is told; `sorted` comes from by_id().
std::vector<mesh::RosterEntry> mesh_roster(const std::vector<RosterBridge>& sorted);
// Our own index. Throws OperatorError when the id is not in the roster or stands there with another
// key than ours.
PeerId find_self(const std::vector<RosterBridge>& sorted, const std::string& id,
                 const PublicKey& key);

bool is_bridge_id(std::string_view id);
// Nothing for bad UTF-8, control characters, or a length out of range; else in NFC.
std::optional<std::string> normal_name(std::string_view utf8);

}  // namespace diemcau::node
