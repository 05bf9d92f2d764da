// Who this bridge is on the wire: its static key and a self-signed certificate around it, made at
// start (RFC 5280; nobody reads anything but the key).
#pragma once

#include <memory>

#include "node/keys.h"

struct x509_st;

namespace diemcau::node::secure {

// The certificate names nobody and never expires: DTLS 1.2 shows it in clear, and a bridge with a
// wrong clock must still come up. Trust is the pin of the key in the roster.
class Identity {
 public:
  explicit Identity(PrivateKey key);
  const PrivateKey& key() const { return key_; }
  x509_st* certificate() const { return certificate_.get(); }

 private:
  PrivateKey key_;
  std::shared_ptr<x509_st> certificate_;
};

}  // namespace diemcau::node::secure
