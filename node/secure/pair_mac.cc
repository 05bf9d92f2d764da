// One digest context serves every peer: HMAC is two digests, and OpenSSL 3.0's own HMAC allocates
// when it starts anew.
#include "node/secure/pair_mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <string>

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

StaticPairMac::StaticPairMac(const PrivateKey& own, const std::vector<RosterBridge>& sorted,
                             PeerId self)
    : keys_(sorted.size()),
      sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr)),
      context_(EVP_MD_CTX_new()) {
  DC_CHECK(sha256_ != nullptr && context_ != nullptr);
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
    keys_[i] = hkdf_sha256(own.agree(sorted[i].public_key), std::move(info));
  }
}

StaticPairMac::~StaticPairMac() {
  for (auto& key : keys_) OPENSSL_cleanse(key.data(), key.size());
  EVP_MD_CTX_free(context_);
  EVP_MD_free(sha256_);
}

std::array<std::uint8_t, 32> StaticPairMac::mac(PeerId peer, ByteSpan message) {
  const auto& key = keys_[peer.value];
  std::array<std::uint8_t, kBlockBytes> inner_pad, outer_pad;
  inner_pad.fill(0x36);
  outer_pad.fill(0x5C);
  for (std::size_t i = 0; i < key.size(); ++i) {
    inner_pad[i] ^= key[i];
    outer_pad[i] ^= key[i];
  }
  std::array<std::uint8_t, 32> out{};
  const auto digest = [&](const std::array<std::uint8_t, kBlockBytes>& pad, ByteSpan bytes) {
    DC_CHECK(EVP_DigestInit_ex2(context_, sha256_, nullptr) == 1 &&
             EVP_DigestUpdate(context_, pad.data(), pad.size()) == 1 &&
             EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1 &&
             EVP_DigestFinal_ex(context_, out.data(), nullptr) == 1);
  };
  digest(inner_pad, message);
  const std::array<std::uint8_t, 32> inner = out;
  digest(outer_pad, inner);
  OPENSSL_cleanse(inner_pad.data(), inner_pad.size());
  OPENSSL_cleanse(outer_pad.data(), outer_pad.size());
  return out;
}

}  // namespace diemcau::node::secure
