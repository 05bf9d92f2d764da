// The certificate around a bridge's key.
#include "node/secure/identity.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "core/base/check.h"

namespace diemcau::node::secure {

Identity::Identity(PrivateKey key) : key_(std::move(key)), certificate_(X509_new(), X509_free) {
  X509* x = certificate_.get();
  DC_CHECK(x != nullptr);
  DC_CHECK(X509_set_version(x, X509_VERSION_3) == 1);
  std::uint64_t serial = 0;
  DC_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  // Positive and not zero (RFC 5280 §4.1.2.2).
  DC_CHECK(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), (serial >> 1) | 1) == 1);
  // 99991231235959Z is "no end" (RFC 5280 §4.1.2.5).
  DC_CHECK(ASN1_TIME_set_string(X509_getm_notBefore(x), "20000101000000Z") == 1);
  DC_CHECK(ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z") == 1);
  X509_NAME* name = X509_get_subject_name(x);
  DC_CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                      reinterpret_cast<const unsigned char*>("diemcau"), -1, -1,
                                      0) == 1);
  DC_CHECK(X509_set_issuer_name(x, name) == 1);
  DC_CHECK(X509_set_pubkey(x, key_.native()) == 1);
  DC_CHECK(X509_sign(x, key_.native(), EVP_sha256()) > 0);
}

}  // namespace diemcau::node::secure
