// Keys on OpenSSL 3: every object is fetched by name, nothing is kept but handles.
#include "node/keys.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/check.h"
#include "node/catalogue.h"
#include "node/descriptor.h"

namespace diemcau::node {

namespace {

constexpr std::size_t kSpkiBytes = 91;  // P-256, uncompressed point (RFC 5480 §2)
constexpr std::size_t kLargestFile = 64 << 10;

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioHandle = std::unique_ptr<BIO, BioFree>;

KeyHandle adopt(EVP_PKEY* key) { return KeyHandle{key, EVP_PKEY_free}; }

bool is_p256(const EVP_PKEY* key) {
  char group[64] = {};
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
         std::string_view{group} == SN_X9_62_prime256v1;
}

// In DER of the curve's name and the whole point: keys from a file may say it otherwise.
std::vector<std::uint8_t> spki_of(EVP_PKEY* key) {
  EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed");
  EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "named_curve");
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  DC_CHECK(size > 0);
  std::vector<std::uint8_t> bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

// A password prompt would hang a service that starts at night.
int no_password(char*, int, int, void*) { return -1; }

std::string reason(int error) { return std::strerror(error); }

std::string read_secret(const std::filesystem::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.valid()) {
    if (errno == ENOENT) fail<Text::key_missing_file>(path.string());
    fail<Text::file_unreadable>(path.string(), reason(errno));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail<Text::file_unreadable>(path.string(), reason(errno));
  if (!S_ISREG(status.st_mode)) fail<Text::key_bad>(path.string());
  if ((status.st_mode & 077) != 0)
    fail<Text::key_readable_by_others>(path.string(),
                                       fmt::format("{:04o}", status.st_mode & 07777));
  std::string text;
  char block[4096];
  ssize_t got = 0;
  while ((got = ::read(file.get(), block, sizeof block)) > 0) {
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > kLargestFile) fail<Text::key_bad>(path.string());
  }
  if (got < 0) fail<Text::file_unreadable>(path.string(), reason(errno));
  OPENSSL_cleanse(block, sizeof block);
  return text;
}

}  // namespace

std::optional<PublicKey> PublicKey::from_der(const std::uint8_t* der, std::size_t size) {
  if (size != kSpkiBytes) return std::nullopt;
  const unsigned char* at = der;
  const KeyHandle key = adopt(d2i_PUBKEY(nullptr, &at, static_cast<long>(size)));
  ERR_clear_error();
  if (!key || at != der + size || !is_p256(key.get())) return std::nullopt;
  std::vector<std::uint8_t> canonical = spki_of(key.get());
  if (!std::equal(canonical.begin(), canonical.end(), der, der + size)) return std::nullopt;
  return PublicKey{key, std::move(canonical)};
}

std::optional<PublicKey> PublicKey::from_base64(std::string_view text) {
  // 91 bytes are 124 characters; EVP_DecodeBlock counts the padding as bytes.
  constexpr std::size_t kCharacters = (kSpkiBytes + 2) / 3 * 4;
  if (text.size() != kCharacters) return std::nullopt;
  std::array<unsigned char, kCharacters> bytes{};
  const int got = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                  static_cast<int>(text.size()));
  ERR_clear_error();
  if (got < static_cast<int>(kSpkiBytes)) return std::nullopt;
  auto key = from_der(bytes.data(), kSpkiBytes);
  if (key && key->base64() != text) return std::nullopt;
  return key;
}

std::string PublicKey::base64() const {
  std::string text((der_.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), der_.data(),
                                   static_cast<int>(der_.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::array<std::uint8_t, 32> PublicKey::pin() const {
  std::array<std::uint8_t, 32> pin{};
  DC_CHECK(
      EVP_Q_digest(nullptr, "SHA256", nullptr, der_.data(), der_.size(), pin.data(), nullptr) == 1);
  return pin;
}

PrivateKey PrivateKey::generate() {
  KeyHandle key = adopt(EVP_EC_gen("P-256"));
  DC_CHECK(key != nullptr);
  return PrivateKey{std::move(key)};
}

PrivateKey PrivateKey::load(const std::filesystem::path& file) {
  std::string text = read_secret(file);
  const BioHandle bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  KeyHandle key = adopt(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  OPENSSL_cleanse(text.data(), text.size());
  if (!key) fail<Text::key_bad>(file.string());
  if (!is_p256(key.get())) fail<Text::key_not_p256>(file.string());
  return PrivateKey{std::move(key)};
}

void PrivateKey::save(const std::filesystem::path& file) const {
  const Descriptor out{::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!out.valid()) {
    if (errno == EEXIST) fail<Text::file_exists>(file.string());
    fail<Text::file_unwritable>(file.string(), reason(errno));
  }
  const BioHandle bio{BIO_new(BIO_s_secmem())};
  DC_CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  DC_CHECK(size > 0);
  if (::fchmod(out.get(), 0600) != 0 ||
      ::write(out.get(), text, static_cast<std::size_t>(size)) != size || ::fsync(out.get()) != 0) {
    const std::string why = reason(errno);
    ::unlink(file.c_str());
    fail<Text::file_unwritable>(file.string(), why);
  }
}

PublicKey PrivateKey::public_key() const {
  const std::vector<std::uint8_t> der = spki_of(key_.get());
  auto key = PublicKey::from_der(der.data(), der.size());
  DC_CHECK(key.has_value());
  return *key;
}

std::array<std::uint8_t, 32> PrivateKey::agree(const PublicKey& peer) const {
  const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context{
      EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr), EVP_PKEY_CTX_free};
  std::array<std::uint8_t, 32> secret{};
  std::size_t size = secret.size();
  DC_CHECK(context && EVP_PKEY_derive_init(context.get()) == 1 &&
           EVP_PKEY_derive_set_peer(context.get(), peer.native()) == 1 &&
           EVP_PKEY_derive(context.get(), secret.data(), &size) == 1 && size == secret.size());
  return secret;
}

}  // namespace diemcau::node
