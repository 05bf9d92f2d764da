// Reads, checks and writes the roster.
#include "node/roster.h"

#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/base/check.h"
#include "node/address.h"
#include "node/catalogue.h"
#include "node/toml_table.h"

namespace diemcau::node {

namespace {

constexpr std::size_t kLongestId = 32;
constexpr std::size_t kLongestName = 80;         // characters
constexpr std::int64_t kMostSerial = 1LL << 53;  // a JSON number holds it

const char* role_name(mesh::Role role) {
  return role == mesh::Role::central ? "central" : "member";
}

std::vector<Endpoint> read_addresses(const TomlTable& t) {
  std::vector<Endpoint> addresses;
  const auto written = t.texts("addresses");
  if (!written) return addresses;
  for (const std::string& text : *written) {
    const auto address = parse_address(text);
    if (!address) t.refuse("addresses", text, sentence<Text::want_address>());
    if (address->port == 0 || written->size() > kMaxAddresses)
      t.refuse("addresses", text, sentence<Text::want_addresses>(kMaxAddresses));
    addresses.push_back(*address);
  }
  return addresses;
}

mesh::Role read_role(const TomlTable& t) {
  const std::string role = t.required_text("role", "role = \"member\"");
  if (role != "central" && role != "member") t.refuse("role", role, sentence<Text::want_role>());
  return role == "central" ? mesh::Role::central : mesh::Role::member;
}

RosterBridge read_bridge(const TomlTable& t) {
  t.allow_only({"id", "name", "role", "addresses", "public_key"});
  const std::string id = t.required_text("id", "id = \"ea-sup\"");
  if (!is_bridge_id(id)) t.refuse("id", id, sentence<Text::want_id>());
  const std::string name = t.required_text("name", "name = \"Xã Ea Súp\"");
  const auto normal = normal_name(name);
  if (!normal) t.refuse("name", name, sentence<Text::want_name>());
  const mesh::Role role = read_role(t);
  std::vector<Endpoint> addresses = read_addresses(t);
  const std::string key = t.required_text("public_key", "public_key = \"MFkw…\"");
  const auto public_key = PublicKey::from_base64(key);
  if (!public_key) t.refuse("public_key", key, sentence<Text::want_public_key>());
  return {id, *normal, role, std::move(addresses), *public_key};
}

// Where a bridge stands, for errors: "roster.toml:12", or its id when there is no file yet.
using Places = std::vector<std::string>;

// Where its keys stand.
struct KeyPlaces {
  std::string id, public_key, role, addresses;
};

void require_place_beside(const std::vector<RosterBridge>& others, const Places& places,
                          const RosterBridge& bridge, const KeyPlaces& at) {
  for (std::size_t i = 0; i < others.size(); ++i) {
    const RosterBridge& other = others[i];
    if (other.id == bridge.id) fail<Text::roster_duplicate_id>(at.id, bridge.id, places[i]);
    if (other.public_key == bridge.public_key)
      fail<Text::roster_duplicate_key>(at.public_key, bridge.id, other.id);
    if (other.role == mesh::Role::central && bridge.role == mesh::Role::central)
      fail<Text::roster_second_central>(at.role, bridge.id, other.id);
    const auto shared = std::ranges::find_first_of(bridge.addresses, other.addresses);
    if (shared != bridge.addresses.end())
      fail<Text::roster_duplicate_address>(at.addresses, text_of(*shared), bridge.id, other.id);
  }
}

std::string toml_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

bool is_bridge_id(std::string_view id) {
  return !id.empty() && id.size() <= kLongestId && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::optional<std::string> normal_name(std::string_view utf8) {
  utf8proc_uint8_t* raw = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()),
      static_cast<utf8proc_ssize_t>(utf8.size()), &raw,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_REJECTNA));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner{raw, std::free};
  if (size <= 0) return std::nullopt;
  std::size_t characters = 0;
  for (utf8proc_ssize_t at = 0; at < size; ++characters) {
    utf8proc_int32_t code = 0;
    at += utf8proc_iterate(raw + at, size - at, &code);
    const auto category = utf8proc_category(code);
    if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
        category == UTF8PROC_CATEGORY_ZP) {
      return std::nullopt;
    }
  }
  if (characters > kLongestName) return std::nullopt;
  return std::string{reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)};
}

Roster parse_roster(std::string_view text, const std::filesystem::path& file) {
  const TomlTable root = TomlTable::parse(text, file);
  root.allow_only({"province", "serial", "bridge"});
  Roster roster;
  const std::string province = root.text("province").value_or("");
  if (!province.empty()) {
    const auto normal = normal_name(province);
    if (!normal) root.refuse("province", province, sentence<Text::want_name>());
    roster.province = *normal;
  }
  roster.serial = static_cast<std::uint64_t>(root.integer("serial", 1, kMostSerial).value_or(1));
  const std::vector<TomlTable> tables = root.tables("bridge");
  if (tables.size() > kMaxBridges)
    fail<Text::roster_too_long>(tables[kMaxBridges].place(""), tables.size(), kMaxBridges);
  Places places;
  for (const TomlTable& table : tables) {
    RosterBridge bridge = read_bridge(table);
    require_place_beside(roster.bridges, places, bridge,
                         {table.place("id"), table.place("public_key"), table.place("role"),
                          table.place("addresses")});
    roster.bridges.push_back(std::move(bridge));
    places.push_back(table.place("id"));
  }
  return roster;
}

Roster load_roster(const std::filesystem::path& file) {
  return parse_roster(read_text_file(file), file);
}

void require_bridges(const Roster& roster, const std::filesystem::path& file) {
  if (roster.bridges.empty()) fail<Text::roster_empty>(file.string());
}

std::string roster_text(const Roster& roster) {
  std::string out =
      fmt::format("province = {}\nserial = {}\n", toml_text(roster.province), roster.serial);
  for (const RosterBridge& bridge : roster.bridges) {
    std::vector<std::string> addresses;
    for (const Endpoint& address : bridge.addresses)
      addresses.push_back(toml_text(text_of(address)));
    out += fmt::format(
        "\n[[bridge]]\nid = {}\nname = {}\nrole = {}\naddresses = [{}]\npublic_key = {}\n",
        toml_text(bridge.id), toml_text(bridge.name), toml_text(role_name(bridge.role)),
        fmt::join(addresses, ", "), toml_text(bridge.public_key.base64()));
  }
  return out;
}

void save_roster(const std::filesystem::path& file, const Roster& roster) {
  const std::string text = roster_text(roster);
  std::string beside = file.string() + ".XXXXXX";
  const int fd = ::mkstemp(beside.data());
  if (fd < 0) fail<Text::file_unwritable>(file.string(), std::strerror(errno));
  const bool written = ::fchmod(fd, 0644) == 0 &&
                       ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (written && ::rename(beside.c_str(), file.c_str()) == 0) return;
  const int why = written ? errno : error;
  ::unlink(beside.c_str());
  fail<Text::file_unwritable>(file.string(), std::strerror(why));
}

void add_bridge(Roster& roster, RosterBridge bridge) {
  const std::string place = "roster add";
  if (!is_bridge_id(bridge.id))
    fail<Text::setting_refused>(place, "--id", toml_text(bridge.id), sentence<Text::want_id>());
  const auto name = normal_name(bridge.name);
  if (!name)
    fail<Text::setting_refused>(place, "--name", toml_text(bridge.name),
                                sentence<Text::want_name>());
  bridge.name = *name;
  if (bridge.addresses.size() > kMaxAddresses ||
      std::any_of(bridge.addresses.begin(), bridge.addresses.end(),
                  [](const Endpoint& e) { return e.port == 0; })) {
    fail<Text::setting_refused>(place, "--address", bridge.addresses.size(),
                                sentence<Text::want_addresses>(kMaxAddresses));
  }
  if (roster.bridges.size() >= kMaxBridges)
    fail<Text::roster_too_long>(place, roster.bridges.size() + 1, kMaxBridges);
  Places places;
  for (const RosterBridge& other : roster.bridges) places.push_back("\"" + other.name + "\"");
  require_place_beside(roster.bridges, places, bridge, {place, place, place, place});
  roster.bridges.push_back(std::move(bridge));
  ++roster.serial;
}

std::vector<RosterBridge> by_id(const Roster& roster) {
  std::vector<RosterBridge> sorted = roster.bridges;
  std::sort(sorted.begin(), sorted.end(),
            [](const RosterBridge& a, const RosterBridge& b) { return a.id < b.id; });
  return sorted;
}

std::vector<std::string> names_only_over_ipv6(const std::vector<RosterBridge>& sorted,
                                              PeerId self) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto& addresses = sorted[i].addresses;
    if (i != self.value && !addresses.empty() && std::ranges::none_of(addresses, &Endpoint::is_v4))
      names.push_back(sorted[i].name);
  }
  return names;
}

std::vector<mesh::RosterEntry> mesh_roster(const std::vector<RosterBridge>& sorted) {
  std::vector<mesh::RosterEntry> entries;
  for (const RosterBridge& bridge : sorted)
    entries.push_back({bridge.id, bridge.role, bridge.addresses});
  return entries;
}

PeerId find_self(const std::vector<RosterBridge>& sorted, const std::string& id,
                 const PublicKey& key) {
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i].id != id) continue;
    if (!(sorted[i].public_key == key)) fail<Text::roster_other_key>(id);
    return PeerId{static_cast<std::uint16_t>(i)};
  }
  fail<Text::roster_not_in>(id);
}

}  // namespace diemcau::node
