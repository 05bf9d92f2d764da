// The MAC of checks: the same on both ends, another for everybody else.
#include "node/secure/pair_mac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::node;
using namespace diemcau::node::secure;

namespace {
struct Three {
  PrivateKey a = PrivateKey::generate(), b = PrivateKey::generate(), c = PrivateKey::generate();
  std::vector<RosterBridge> roster = {{"a", "A", mesh::Role::central, {}, a.public_key()},
                                      {"b", "B", mesh::Role::member, {}, b.public_key()},
                                      {"c", "C", mesh::Role::member, {}, c.public_key()}};
};
const std::vector<std::uint8_t> kMessage = {0, 1, 0, 8, 0x21, 0x12, 0xA4, 0x42};
}  // namespace

TEST_CASE("both ends of a pair make the same MAC", "[node][mac]") {
  Three three;
  StaticPairMac a{three.a, three.roster, PeerId{0}}, b{three.b, three.roster, PeerId{1}};
  CHECK(a.mac(PeerId{1}, kMessage) == b.mac(PeerId{0}, kMessage));
}

TEST_CASE("each pair and each message has its own MAC", "[node][mac]") {
  Three three;
  StaticPairMac a{three.a, three.roster, PeerId{0}};
  CHECK(a.mac(PeerId{1}, kMessage) != a.mac(PeerId{2}, kMessage));
  auto other = kMessage;
  other[0] ^= 1;
  CHECK(a.mac(PeerId{1}, kMessage) != a.mac(PeerId{1}, other));
  CHECK(a.mac(PeerId{1}, kMessage) == a.mac(PeerId{1}, kMessage));
}

TEST_CASE("a bridge with another key than the roster's makes another MAC", "[node][mac]") {
  Three three;
  StaticPairMac impostor{PrivateKey::generate(), three.roster, PeerId{0}};
  StaticPairMac b{three.b, three.roster, PeerId{1}};
  CHECK(impostor.mac(PeerId{1}, kMessage) != b.mac(PeerId{0}, kMessage));
}

TEST_CASE("the MAC is HMAC-SHA256 under HKDF of the ECDH secret", "[node][mac]") {
  Three three;
  StaticPairMac a{three.a, three.roster, PeerId{0}};
  // RFC 5869 by hand: extract with an empty salt, then one block of expand.
  const auto hmac = [](const std::vector<std::uint8_t>& key, std::vector<std::uint8_t> text) {
    std::vector<std::uint8_t> out(32);
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), text.data(), text.size(),
         out.data(), &size);
    return out;
  };
  const auto shared = three.b.agree(three.a.public_key());
  const auto extracted = hmac(std::vector<std::uint8_t>(32, 0), {shared.begin(), shared.end()});
  const std::string info{"diemcau stun v1\0a\0b\x01", 20};
  const auto key = hmac(extracted, {info.begin(), info.end()});
  const auto expected = hmac(key, kMessage);
  const auto mac = a.mac(PeerId{1}, kMessage);
  CHECK(std::equal(mac.begin(), mac.end(), expected.begin(), expected.end()));
}
