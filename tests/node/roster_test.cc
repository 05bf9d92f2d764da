// The roster file: what is refused and with which words, what is written and read.
#include "node/roster.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "node/address.h"
#include "node/catalogue.h"
#include "node/toml_table.h"
#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

const std::string kKeyA =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/"
    "4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==";
const std::string kKeyB =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEoTaLDg8bpR9dmoVocZs5HbOHofRwEwf9E1AwsVvtxZBHhzm3DxlnrxEQuj"
    "hzbXKe38Yf0sV0BIP+p9D/rdiMOQ==";
const std::string kKeyC =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEa3fd7B+ltBpa0baPOlf//"
    "yERLrWoucliJ0wBuEHGkR7b2p8ltd+FQB6DpwIrIrB7+7V7rL56B0kNydxm0VF9Uw==";
const std::string kKeyP384 =
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEg6r74ffXUjuO4L2W6Tet9fErqq1qx5gPaNc4JZ670w2BkYHx1336ITX81PVvP7"
    "BUZ4kQMpZe3NTC6o9Bf0peRqWAkhkYpICb0qp9aCDHuAAWhzJKay2AnUFY7hlkpidT";

std::string entry(const std::string& id, const std::string& role, const std::string& key) {
  const std::string host = role == "central" ? "1" : "2";
  return "[[bridge]]\nid = \"" + id + "\"\nname = \"Tên " + id + "\"\nrole = \"" + role +
         "\"\naddresses = [\"192.0.2." + host + ":5004\", \"[2001:db8::" + host +
         "]:5004\"]\npublic_key = \"" + key + "\"\n";
}
// Line 1 is the province, 2 the serial; entries have 6 lines each and begin at line 3.
std::string roster_of(const std::string& entries) {
  return "province = \"Đắk Lắk\"\nserial = 7\n" + entries;
}
std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}
std::string error_of(const std::string& text) {
  try {
    static_cast<void>(parse_roster(text, "r.toml"));
  } catch (const OperatorError& e) {
    CHECK_FALSE(e.in(Language::vi).empty());
    return e.in(Language::en);
  }
  return "";
}
const std::string kTwo =
    roster_of(entry("ttam", "central", kKeyA) + entry("ea-sup", "member", kKeyB));

}  // namespace

TEST_CASE("a roster reads with its bridges in the order of the file", "[node][roster]") {
  const Roster roster = parse_roster(kTwo, "r.toml");
  CHECK(roster.province == "Đắk Lắk");
  CHECK(roster.serial == 7);
  REQUIRE(roster.bridges.size() == 2);
  CHECK(roster.bridges[0].id == "ttam");
  CHECK(roster.bridges[0].role == mesh::Role::central);
  CHECK(roster.bridges[0].public_key.base64() == kKeyA);
  REQUIRE(roster.bridges[1].addresses.size() == 2);
  CHECK(text_of(roster.bridges[1].addresses[0]) == "192.0.2.2:5004");
  CHECK(text_of(roster.bridges[1].addresses[1]) == "[2001:db8::2]:5004");
}

TEST_CASE("peers are numbered by id, the same on every node", "[node][roster]") {
  const auto sorted = by_id(parse_roster(kTwo, "r.toml"));
  CHECK(sorted[0].id == "ea-sup");
  CHECK(sorted[1].id == "ttam");
  const auto entries = mesh_roster(sorted);
  CHECK(entries[1].id == "ttam");
  CHECK(entries[1].role == mesh::Role::central);
  CHECK(find_self(sorted, "ttam", sorted[1].public_key) == PeerId{1});
}

TEST_CASE("what is written reads back the same, also when it needs quoting", "[node][roster]") {
  Roster roster = parse_roster(kTwo, "r.toml");
  roster.bridges[1].name = "Xã \"Ea\\Súp\"";
  const std::string text = roster_text(roster);
  const Roster again = parse_roster(text, "r.toml");
  CHECK(again.bridges[1].name == roster.bridges[1].name);
  CHECK(roster_text(again) == text);
}

TEST_CASE("a name is kept in NFC however it was typed", "[node][roster]") {
  // a with circumflex and dot below: one character or three.
  CHECK(normal_name("Xa\u0323\u0302") == std::optional<std::string>("X\u1EAD"));
  CHECK(normal_name("Xa\u0302\u0323") == std::optional<std::string>("X\u1EAD"));
  CHECK_FALSE(normal_name(""));
  CHECK_FALSE(normal_name("a\nb"));
  CHECK_FALSE(normal_name("\xC3"));
  CHECK(normal_name(std::string(80, 'x')));
  CHECK_FALSE(normal_name(std::string(81, 'x')));
}

TEST_CASE("each mistake in a roster is told with line, key and remedy", "[node][roster]") {
  const std::string two = kTwo;
  CHECK(error_of(two).empty());
  CHECK(error_of(replaced(two, "id = \"ea-sup\"", "id = \"Ea Súp\"")) ==
        "r.toml:10: bridge.id is \"Ea Súp\"; write 1 to 32 characters of a-z, 0-9 and -");
  CHECK(error_of(replaced(two, "id = \"ea-sup\"", "id = \"ttam\"")) ==
        "r.toml:10: the id \"ttam\" is taken at r.toml:4; give another one");
  CHECK(error_of(replaced(two, kKeyB, kKeyA)) ==
        "r.toml:14: \"ea-sup\" has the public key of \"ttam\"; make a key for each bridge");
  CHECK(error_of(replaced(two, "[2001:db8::2]", "[2001:db8::1]")) ==
        "r.toml:13: the address [2001:db8::1]:5004 of \"ea-sup\" is also that of \"ttam\"; each "
        "bridge "
        "needs its own");
  CHECK(
      error_of(replaced(two, "\"member\"", "\"central\"")) ==
      "r.toml:12: \"ea-sup\" is a second central bridge beside \"ttam\"; make its role \"member\"");
  CHECK(error_of(replaced(two, "\"member\"", "\"boss\"")) ==
        "r.toml:12: bridge.role is \"boss\"; write \"central\" or \"member\"");
  CHECK(error_of(replaced(two, "role = \"member\"", "roles = \"member\"")) ==
        "r.toml:12: there is no setting bridge.roles; did you mean bridge.role?");
  CHECK(error_of(replaced(two, "role = \"member\"\n", "")) ==
        "r.toml:9: the setting bridge.role is missing; add: role = \"member\"");
  CHECK(error_of(replaced(two, "serial = 7", "serial = \"7\"")) ==
        "r.toml:2: serial is a text; write a whole number from 1 to 9007199254740992");
  CHECK(error_of(replaced(two, "serial = 7", "serial 7")).substr(0, 32) ==
        "r.toml:2: this is not TOML: Erro");
  CHECK(error_of(replaced(two, "[[bridge]]\nid = \"ttam\"", "[bridge]\nid = \"ttam\"")) != "");
}

TEST_CASE("a bad key or address of a bridge is told with its line", "[node][roster]") {
  const std::string want = "\"; write the P-256 public key that diemcau-node keygen printed";
  CHECK(error_of(replaced(kTwo, kKeyB, "bad base64!")) ==
        "r.toml:14: bridge.public_key is \"bad base64!" + want);
  CHECK(error_of(replaced(kTwo, kKeyB, kKeyP384)) ==
        "r.toml:14: bridge.public_key is \"" + kKeyP384.substr(0, 60) + "…" + want);
  CHECK(
      error_of(replaced(kTwo, "192.0.2.1:5004", "example.org:5004")) ==
      "r.toml:7: bridge.addresses is \"example.org:5004\"; write a numeric address and port, such "
      "as \"192.0.2.1:5004\" or \"[2001:db8::1]:5004\"");
  CHECK(error_of(replaced(kTwo, "192.0.2.1:5004", "192.0.2.1:0")) ==
        "r.toml:7: bridge.addresses is \"192.0.2.1:0\"; write at most 4 addresses, no port 0");
  CHECK(error_of(replaced(kTwo, "192.0.2.1:5004\"",
                          "192.0.2.1:1\",\"192.0.2.1:2\",\"192.0.2.1:3\",\"192.0.2.1:4\"")) ==
        "r.toml:7: bridge.addresses is \"192.0.2.1:1\"; write at most 4 addresses, no port 0");
}

TEST_CASE("a roster of more than 200 bridges is refused", "[node][roster]") {
  std::string text = roster_of("");
  for (int i = 0; i < 201; ++i) text += "[[bridge]]\n";
  CHECK(error_of(text) ==
        "r.toml:203: the roster names 201 bridges, 200 are the most; remove some");
}

TEST_CASE("an empty roster can be read to add to it, and is refused for a meeting",
          "[node][roster]") {
  const Roster empty = parse_roster("province = \"\"\nserial = 1\n", "r.toml");
  CHECK(empty.bridges.empty());
  CHECK_THROWS_AS(require_bridges(empty, "r.toml"), OperatorError);
  CHECK_NOTHROW(require_bridges(parse_roster(kTwo, "r.toml"), "r.toml"));
}

TEST_CASE("a bridge is added at the end, and the serial grows", "[node][roster]") {
  Roster roster = parse_roster(kTwo, "r.toml");
  const PublicKey key = *PublicKey::from_base64(kKeyC);
  add_bridge(roster, {"buon-ho", "Phường Buôn Hồ", mesh::Role::member, {}, key});
  CHECK(roster.bridges.back().id == "buon-ho");
  CHECK(roster.serial == 8);
  CHECK_THROWS_AS(add_bridge(roster, {"x", "X", mesh::Role::member, {}, key}), OperatorError);
  CHECK_THROWS_AS(add_bridge(roster, {"X", "X", mesh::Role::member, {}, key}), OperatorError);
  CHECK(roster.bridges.size() == 3);
}

TEST_CASE("a node with an id or key that the roster does not know is told so", "[node][roster]") {
  const auto sorted = by_id(parse_roster(kTwo, "r.toml"));
  const PublicKey other = *PublicKey::from_base64(kKeyC);
  CHECK_THROWS_WITH(find_self(sorted, "nobody", other),
                    "the bridge \"nobody\" is not in the roster; add it or mend node.id");
  CHECK_THROWS_WITH(
      find_self(sorted, "ttam", other),
      "the roster has another key for \"ttam\"; use the right key file or update the roster");
}

TEST_CASE("a roster is saved whole or not at all", "[node][roster]") {
  ScratchDir dir;
  const auto file = dir.path() / "roster.toml";
  const Roster roster = parse_roster(kTwo, "r.toml");
  save_roster(file, roster);
  CHECK(roster_text(load_roster(file)) == roster_text(roster));
  CHECK(std::distance(std::filesystem::directory_iterator{dir.path()},
                      std::filesystem::directory_iterator{}) == 1);
  CHECK_THROWS_AS(save_roster(dir.path() / "none" / "roster.toml", roster), OperatorError);
}

TEST_CASE("addresses are numeric, with a port, in both families", "[node][roster]") {
  CHECK(parse_address("127.0.0.1:5004") == std::optional(Endpoint::v4(0x7F00'0001, 5004)));
  CHECK(text_of(*parse_address("[::1]:65535")) == "[::1]:65535");
  CHECK(text_of(*parse_address("[::ffff:192.0.2.9]:1")) == "192.0.2.9:1");
  for (const char* bad : {"", ":", "127.0.0.1", "127.0.0.1:", ":5004", "127.0.0.1:65536",
                          "::1:5004", "[::1]", "[::1]5004", "[:5004", "127.1:5004",
                          "localhost:5004", "127.0.0.1:+5", "127.0.0.1:5 ", "[]:1"})
    CHECK_FALSE(parse_address(bad));
}
