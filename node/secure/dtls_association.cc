// OpenSSL on datagrams in memory: one goes in, the ones that it makes are kept.
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/base/check.h"
#include "node/secure/dtls_handshake.h"

namespace diemcau::node::secure {

namespace {

constexpr long kMtu = 1200;                  // UDP payload of a flight's datagrams
constexpr std::size_t kRecordHeader = 13;    // RFC 6347 §4.1
constexpr std::size_t kRecordOverhead = 37;  // header, explicit nonce 8, tag 16
constexpr std::size_t kExportBytes = 2 * (32 + 12);
constexpr long kLargestCertificate = 4096;  // ours is 300 bytes; the default bounds at 100 kB

}  // namespace

// The BIO between OpenSSL and us. It keeps the borders of datagrams and gives each exactly once.
struct DtlsAssociation::Datagram {
  ByteSpan arriving;
  bool has_arrived = false;
  Datagrams flight;
  Packet* sealed = nullptr;  // where a record of application data goes

  static Datagram& of(BIO* bio) { return *static_cast<Datagram*>(BIO_get_data(bio)); }
  static int write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    Datagram& self = of(bio);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(data);
    const auto count = static_cast<std::size_t>(size);
    if (self.sealed == nullptr) {
      self.flight.emplace_back(bytes, bytes + count);
    } else {
      DC_CHECK(count <= self.sealed->capacity());
      std::memcpy(self.sealed->data(), bytes, count);
      self.sealed->set_size(count);
    }
    return size;
  }
  static int read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    Datagram& self = of(bio);
    if (!self.has_arrived) {
      BIO_set_retry_read(bio);
      return -1;
    }
    self.has_arrived = false;
    const std::size_t count = std::min(self.arriving.size(), static_cast<std::size_t>(size));
    std::memcpy(data, self.arriving.data(), count);
    return static_cast<int>(count);
  }
  static long control(BIO*, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH: return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU:
      case BIO_CTRL_DGRAM_GET_FALLBACK_MTU: return kMtu;
      case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD: return 48;  // IPv6 and UDP
      default: return 0;
    }
  }
  static const BIO_METHOD* method() {
    static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> made = [] {
      std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> m{
          BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagram in memory"),
          BIO_meth_free};
      DC_CHECK(m != nullptr);
      BIO_meth_set_write(m.get(), write);
      BIO_meth_set_read(m.get(), read);
      BIO_meth_set_ctrl(m.get(), control);
      return m;
    }();
    return made.get();
  }
};

struct DtlsAssociation::Callbacks {
  // Instead of a chain: the key must be the one that the roster pins, and the handshake proves that
  // the peer holds it. Time, names and signatures of the certificate say nothing more.
  static int verify(X509_STORE_CTX* store, void*) {
    const auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* self = static_cast<DtlsAssociation*>(SSL_get_app_data(ssl));
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(X509_STORE_CTX_get0_cert(store)), &der);
    const auto key =
        size > 0 ? PublicKey::from_der(der, static_cast<std::size_t>(size)) : std::nullopt;
    OPENSSL_free(der);
    if (key && key->pin() == self->pin_) return 1;
    self->wrong_key_ = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  // 71 min; core gives a handshake up after 10 s. OpenSSL asks its timer whenever it finds nothing
  // to read, so it has to be far away and not merely unasked.
  static unsigned timer(SSL*, unsigned) { return std::numeric_limits<unsigned>::max(); }
};

DtlsContext::DtlsContext(const Identity& identity)
    : context_(SSL_CTX_new(DTLS_method()), SSL_CTX_free) {
  SSL_CTX* c = context_.get();
  DC_CHECK(c != nullptr);
  DC_CHECK(SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(c, DTLS1_2_VERSION) == 1);
  DC_CHECK(SSL_CTX_set_cipher_list(c, "ECDHE-ECDSA-AES256-GCM-SHA384") == 1);
  DC_CHECK(SSL_CTX_set1_groups_list(c, "P-256") == 1);
  DC_CHECK(SSL_CTX_set1_sigalgs_list(c, "ECDSA+SHA256") == 1);
  // This one says 0 when it is content.
  DC_CHECK(SSL_CTX_set_tlsext_use_srtp(c, "SRTP_AEAD_AES_256_GCM") == 0);
  SSL_CTX_set_options(
      c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_QUERY_MTU | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(c, kLargestCertificate);
  DC_CHECK(SSL_CTX_use_certificate(c, identity.certificate()) == 1 &&
           SSL_CTX_use_PrivateKey(c, identity.key().native()) == 1);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(c, DtlsAssociation::Callbacks::verify, nullptr);
}

DtlsAssociation::DtlsAssociation(const DtlsContext& context, mesh::HandshakeRole role,
                                 const PublicKey& peer)
    : datagram_(std::make_unique<Datagram>()),
      ssl_(SSL_new(context.native()), SSL_free),
      pin_(peer.pin()) {
  SSL* s = ssl_.get();
  BIO* bio = BIO_new(Datagram::method());
  DC_CHECK(s != nullptr && bio != nullptr);
  BIO_set_data(bio, datagram_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(s, bio, bio);
  SSL_set_app_data(s, this);
  DTLS_set_timer_cb(s, Callbacks::timer);
  DC_CHECK(SSL_set_mtu(s, kMtu) == kMtu);
  if (role == mesh::HandshakeRole::client) {
    SSL_set_connect_state(s);
  } else {
    SSL_set_accept_state(s);
  }
}

DtlsAssociation::~DtlsAssociation() { OPENSSL_cleanse(&keys_, sizeof keys_); }

void DtlsAssociation::start() { step(); }

void DtlsAssociation::handle(ByteSpan records) {
  while (records.size() > kRecordHeader && state_ == State::running) {
    const std::size_t size = kRecordHeader + (std::size_t{records[11]} << 8 | records[12]);
    if (size > records.size()) return;
    const ByteSpan record = records.first(size);
    records = records.subspan(size);
    if (record[0] == SSL3_RT_CHANGE_CIPHER_SPEC && !expects_new_keys()) {
      early_.assign(record.begin(), record.end());
      continue;
    }
    feed(record);
    if (!early_.empty() && state_ == State::running && expects_new_keys()) feed(early_);
  }
}

bool DtlsAssociation::expects_new_keys() const {
  const OSSL_HANDSHAKE_STATE at = SSL_get_state(ssl_.get());
  return at == TLS_ST_SR_CERT_VRFY || at == TLS_ST_CW_FINISHED;
}

void DtlsAssociation::feed(ByteSpan record) {
  datagram_->arriving = record;
  datagram_->has_arrived = true;
  step();
  datagram_->has_arrived = false;
  datagram_->arriving = {};
}

void DtlsAssociation::step() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  const int error = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  if (result == 1) {
    finish();
  } else if (error != SSL_ERROR_WANT_READ) {
    state_ = wrong_key_ ? State::refused : State::broken;
  }
  // What is left of a broken handshake is an alert, and nobody believes those.
  if (state_ == State::broken || state_ == State::refused) datagram_->flight.clear();
}

void DtlsAssociation::finish() {
  SSL* s = ssl_.get();
  const SRTP_PROTECTION_PROFILE* profile = SSL_get_selected_srtp_profile(s);
  std::array<std::uint8_t, kExportBytes> material{};
  const std::string_view label = "EXTRACTOR-dtls_srtp";
  if (SSL_get_extms_support(s) != 1 || profile == nullptr || profile->id != SRTP_AEAD_AES_256_GCM ||
      SSL_export_keying_material(s, material.data(), material.size(), label.data(), label.size(),
                                 nullptr, 0, 0) != 1) {
    state_ = State::refused;
    return;
  }
  // Client key, server key, client salt, server salt (RFC 5764 §4.2).
  auto& client = SSL_is_server(s) ? keys_.receiving : keys_.sending;
  auto& server = SSL_is_server(s) ? keys_.sending : keys_.receiving;
  std::copy_n(material.begin(), 32, client.begin());
  std::copy_n(material.begin() + 32, 32, server.begin());
  std::copy_n(material.begin() + 64, 12, client.begin() + 32);
  std::copy_n(material.begin() + 76, 12, server.begin() + 32);
  OPENSSL_cleanse(material.data(), material.size());
  state_ = State::done;
}

DtlsAssociation::Datagrams DtlsAssociation::take_flight() {
  return std::exchange(datagram_->flight, {});
}

const SrtpKeys& DtlsAssociation::srtp_keys() const {
  DC_CHECK(state_ == State::done);
  return keys_;
}

bool DtlsAssociation::seal(Packet& packet) {
  DC_CHECK(state_ == State::done && packet.elided() == 0 && packet.present() > 0);
  if (packet.present() + kRecordOverhead > packet.capacity()) return false;
  ERR_clear_error();
  datagram_->sealed = &packet;
  const int written = SSL_write(ssl_.get(), packet.data(), static_cast<int>(packet.present()));
  datagram_->sealed = nullptr;
  return written > 0;
}

std::optional<quality::DropReason> DtlsAssociation::open(Packet& packet) {
  DC_CHECK(state_ == State::done);
  const ByteSpan bytes = packet.bytes();
  ByteReader reader{bytes};
  const std::uint8_t type = reader.u8();
  const std::uint16_t version = reader.u16();
  const std::uint64_t record = reader.u64();  // epoch and sequence number
  const std::uint16_t length = reader.u16();
  if (!reader.ok() || type != SSL3_RT_APPLICATION_DATA || version != DTLS1_2_VERSION ||
      length != bytes.size() - kRecordHeader || bytes.size() <= kRecordOverhead ||
      record >> 48 != 1) {
    return quality::DropReason::malformed;
  }
  if (was_seen(record)) return quality::DropReason::replay;
  datagram_->arriving = bytes;
  datagram_->has_arrived = true;
  ERR_clear_error();
  const int got = SSL_read(ssl_.get(), packet.data(), static_cast<int>(packet.capacity()));
  ERR_clear_error();
  datagram_->has_arrived = false;
  datagram_->arriving = {};
  if (got <= 0) return quality::DropReason::auth;
  packet.set_size(static_cast<std::size_t>(got));
  mark_seen(record);
  return std::nullopt;
}

bool DtlsAssociation::was_seen(std::uint64_t record) const {
  if (record > newest_record_) return false;
  const std::uint64_t age = newest_record_ - record;
  return age >= 64 || (seen_ >> age & 1) != 0;
}

void DtlsAssociation::mark_seen(std::uint64_t record) {
  if (record > newest_record_) {
    const std::uint64_t step = record - newest_record_;
    seen_ = step >= 64 ? 0 : seen_ << step;
    newest_record_ = record;
  }
  seen_ |= std::uint64_t{1} << (newest_record_ - record);
}

}  // namespace diemcau::node::secure
