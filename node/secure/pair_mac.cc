// HMAC on copies of SHA-256 states that have taken the key in: OpenSSL 3.0's EVP digests and HMAC
// allocate at every start, and its plain SHA-256 does not.
#define OPENSSL_SUPPRESS_DEPRECATED  // for SHA256_*

#include "node/secure/pair_mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "core/base/check.h"

namespace diemcau::node::secure {

namespace {

constexpr std::size_t kBlockBytes = 64;  // of SHA-256

std::array<std::uint8_t, 32> hkdf_sha256(std::array<std::uint8_t, 32> secret, std::string info) {
  const std::unique_ptr<EVP_KDF, void (*)(EVP_KDF*)> kdf{
      EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr), EVP_KDF_free};
  const std::unique_ptr<EVP_KDF_CTX, void (*)(EVP_KDF_CTX*)> context{EVP_KDF_CTX_new(kdf.get()),
                                                                     EVP_KDF_CTX_free};
  DC_CHECK(context != nullptr);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  std::array<std::uint8_t, 32> key{};
  DC_CHECK(EVP_KDF_derive(context.get(), key.data(), key.size(), parameters) == 1);
  OPENSSL_cleanse(secret.data(), secret.size());
  return key;
}

}  // namespace

struct StaticPairMac::KeyedState {
  SHA256_CTX inner{}, outer{};

  // RFC 2104 §2 with a key shorter than a block.
  void take_in(const std::array<std::uint8_t, 32>& key) {
    std::array<std::uint8_t, kBlockBytes> pad{};
    for (const auto& [filler, state] : {std::pair{0x36U, &inner}, std::pair{0x5CU, &outer}}) {
      for (std::size_t i = 0; i < pad.size(); ++i)
        pad[i] = static_cast<std::uint8_t>(filler ^ (i < key.size() ? key[i] : 0U));
      DC_CHECK(SHA256_Init(state) == 1 && SHA256_Update(state, pad.data(), pad.size()) == 1);
    }
    OPENSSL_cleanse(pad.data(), pad.size());
  }
};

StaticPairMac::StaticPairMac(const PrivateKey& own, const std::vector<RosterBridge>& sorted,
                             PeerId self)
    : states_(sorted.size()) {
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == self.value) continue;
    // The ids are sorted, so the lower one is that of the lower index.
    const std::string& low = sorted[std::min<std::size_t>(i, self.value)].id;
    const std::string& high = sorted[std::max<std::size_t>(i, self.value)].id;
    std::string info = "diemcau stun v1";
    info += '\0';
    info += low;
    info += '\0';
    info += high;
    auto key = hkdf_sha256(own.agree(sorted[i].public_key), std::move(info));
    states_[i].take_in(key);
    OPENSSL_cleanse(key.data(), key.size());
  }
}

StaticPairMac::~StaticPairMac() {
  OPENSSL_cleanse(states_.data(), states_.size() * sizeof(KeyedState));
}

std::array<std::uint8_t, 32> StaticPairMac::mac(PeerId peer, ByteSpan message) {
  DC_CHECK(peer.value < states_.size());
  KeyedState state = states_[peer.value];
  std::array<std::uint8_t, 32> out{};
  DC_CHECK(SHA256_Update(&state.inner, message.data(), message.size()) == 1 &&
           SHA256_Final(out.data(), &state.inner) == 1 &&
           SHA256_Update(&state.outer, out.data(), out.size()) == 1 &&
           SHA256_Final(out.data(), &state.outer) == 1);
  OPENSSL_cleanse(&state, sizeof state);
  return out;
}

}  // namespace diemcau::node::secure
