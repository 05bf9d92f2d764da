// DTLS 1.2 (RFC 6347) with mutual P-256 certificates pinned by the roster, as OpenSSL does it on
// datagrams in memory; core owns time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/mesh/handshake.h"
#include "core/quality/flow_report.h"
#include "node/keys.h"
#include "node/secure/identity.h"

struct ssl_st;
struct ssl_ctx_st;

namespace diemcau::node::secure {

// ECDHE-ECDSA-AES256-GCM-SHA384, P-256, use_srtp AEAD_AES_256_GCM, extended master secret; no
// tickets, no renegotiation, no cookie (the address is proven before).
class DtlsContext {
 public:
  explicit DtlsContext(const Identity& identity);
  ssl_ctx_st* native() const { return context_.get(); }

 private:
  std::shared_ptr<ssl_ctx_st> context_;
};

// What DTLS-SRTP (RFC 5764 §4.2) takes from the exporter: two keys of 32 bytes, two salts of 12.
// Each is key, then salt, as libsrtp wants them.
struct SrtpKeys {
  std::array<std::uint8_t, 44> sending{};
  std::array<std::uint8_t, 44> receiving{};
};

// One DTLS association. Never retransmits by itself: a timer of OpenSSL's would read the wall
// clock.
class DtlsAssociation {
 public:
  using Datagrams = std::vector<std::vector<std::uint8_t>>;

  DtlsAssociation(const DtlsContext& context, mesh::HandshakeRole role, const PublicKey& peer);
  ~DtlsAssociation();
  DtlsAssociation(const DtlsAssociation&) = delete;
  DtlsAssociation& operator=(const DtlsAssociation&) = delete;

  enum class State : std::uint8_t {
    running,
    done,
    broken,
    refused
  };  // refused: not the pinned key
  void start();
  // Whole records, from handshake_records().
  void handle(ByteSpan records);
  Datagrams take_flight();
  State state() const { return state_; }

  // From here on only when done.
  const SrtpKeys& srtp_keys() const;
  // Application data in place; false when the packet has no room for the 37 bytes of the record.
  [[nodiscard]] bool seal(Packet& packet);
  // One whole record of application data, in place; else why not.
  std::optional<quality::DropReason> open(Packet& packet);

 private:
  friend class DtlsContext;
  struct Datagram;
  struct Callbacks;
  void feed(ByteSpan record);
  bool expects_new_keys() const;
  void step();
  void finish();
  bool was_seen(std::uint64_t record) const;
  void mark_seen(std::uint64_t record);

  std::unique_ptr<Datagram> datagram_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
  State state_ = State::running;
  // A ChangeCipherSpec that overtook the rest of its flight. OpenSSL would drop it and then refuse
  // the same record, sent again by core, as a replay.
  std::vector<std::uint8_t> early_;
  std::array<std::uint8_t, 32> pin_;
  SrtpKeys keys_;
  bool wrong_key_ = false;
  // Tells a replay from a forgery; OpenSSL refuses both by the same window (RFC 6347 §4.1.2.6) and
  // says nothing.
  std::uint64_t newest_record_ = 0;
  std::uint64_t seen_ = 0;  // bit n: newest_record_ - n
};

// Records of a datagram that belong in a handshake: handshake and ChangeCipherSpec. Alerts are left
// out, because before the keys anybody can write one.
void handshake_records(ByteSpan datagram, std::vector<std::uint8_t>& out);
bool is_client_hello(ByteSpan datagram);

// Adapts associations to core's interface. A server whose peer starts anew (a ClientHello with
// another random) starts anew with it; what was agreed stays in force until the new one is done.
class DtlsHandshake final : public mesh::Handshake {
 public:
  using Done = std::function<void(std::shared_ptr<DtlsAssociation>)>;
  DtlsHandshake(const DtlsContext& context, mesh::HandshakeRole role, PublicKey peer, Done done);

  void start() override;
  void handle(ByteSpan datagram) override;
  std::vector<std::vector<std::uint8_t>> poll_flight() override;
  mesh::HandshakeState state() const override { return state_; }

 private:
  using ClientRandom = std::array<std::uint8_t, 32>;
  void renew();
  void look();

  const DtlsContext& context_;
  mesh::HandshakeRole role_;
  PublicKey peer_;
  Done done_;
  std::shared_ptr<DtlsAssociation> association_;
  mesh::HandshakeState state_ = mesh::HandshakeState::running;
  std::optional<ClientRandom> client_random_;  // server: whom the association answers
  std::vector<ClientRandom> superseded_;       // server: late copies of these mean nothing any more
  unsigned broken_ = 0;
  std::vector<std::uint8_t> records_;
};

}  // namespace diemcau::node::secure
