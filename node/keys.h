// The P-256 keys that name a bridge: the public one stands in the roster, the private one in a file
// of its own (PKCS #8, RFC 5958; SubjectPublicKeyInfo, RFC 5480).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;

namespace diemcau::node {

using KeyHandle = std::shared_ptr<evp_pkey_st>;

// Held in the one DER form with an uncompressed point, so that equal keys are equal bytes and the
// pin is unambiguous.
class PublicKey {
 public:
  // Nothing for bad base64, another kind of key, another curve or another encoding of the point.
  static std::optional<PublicKey> from_base64(std::string_view text);
  static std::optional<PublicKey> from_der(const std::uint8_t* der, std::size_t size);

  const std::vector<std::uint8_t>& der() const { return der_; }
  std::string base64() const;
  std::array<std::uint8_t, 32> pin() const;  // SHA-256 of der()
  evp_pkey_st* native() const { return key_.get(); }
  bool operator==(const PublicKey& o) const { return der_ == o.der_; }

 private:
  PublicKey(KeyHandle key, std::vector<std::uint8_t> der)
      : key_(std::move(key)), der_(std::move(der)) {}
  KeyHandle key_;
  std::vector<std::uint8_t> der_;
};

class PrivateKey {
 public:
  static PrivateKey generate();
  // Throws OperatorError: not there, readable by others, no PEM, encrypted, not P-256.
  static PrivateKey load(const std::filesystem::path& file);
  // Makes `file` with mode 0600; throws OperatorError when something of that name exists.
  void save(const std::filesystem::path& file) const;

  PublicKey public_key() const;
  // The ECDH secret with a peer: the x coordinate (RFC 5903 §9).
  std::array<std::uint8_t, 32> agree(const PublicKey& peer) const;
  evp_pkey_st* native() const { return key_.get(); }

 private:
  explicit PrivateKey(KeyHandle key) : key_(std::move(key)) {}
  KeyHandle key_;
};

}  // namespace diemcau::node
