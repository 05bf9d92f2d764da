// Seals and opens what goes to and comes from one peer: SRTP and SRTCP with AEAD_AES_256_GCM (RFC
// 7714) for media, DTLS application data for control.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/base/result.h"
#include "core/quality/flow_report.h"
#include "core/units/ids.h"
#include "core/units/time.h"
#include "core/wire/rtp.h"
#include "node/secure/dtls_handshake.h"

struct srtp_ctx_t_;

namespace diemcau::node::secure {

using quality::DropReason;

using wire::kSrtpTagBytes;
constexpr std::size_t kSrtcpTrailerBytes = 20;  // tag, E bit and index
constexpr unsigned kReplayWindow =
    2048;  // packets: 1.6 s of hi at its peak; libsrtp's 128 is 0.1 s

// The two directions of one set of keys.
class SrtpSession {
 public:
  explicit SrtpSession(const SrtpKeys& keys);
  // In place. False when libsrtp refuses: a sequence number that was sealed before (its nonce may
  // never be used twice), or keys that are worn out.
  [[nodiscard]] bool seal_rtp(Packet& packet);
  [[nodiscard]] bool seal_rtcp(Packet& packet);
  // In place; `ssrc` from sealed_rtp_ssrc() or sealed_rtcp_ssrc(). After an error the bytes of the
  // packet mean nothing.
  std::optional<DropReason> open_rtp(Packet& packet, Ssrc ssrc);
  std::optional<DropReason> open_rtcp(Packet& packet, Ssrc ssrc);
  bool knows(Ssrc ssrc) const;

 private:
  struct Close {
    void operator()(srtp_ctx_t_* session) const;
  };
  bool room_for(Ssrc ssrc) const;
  void learn(Ssrc ssrc);
  std::unique_ptr<srtp_ctx_t_, Close> out_, in_;
  // Sorted; bounded, because libsrtp keeps state per SSRC for ever.
  std::vector<Ssrc> known_;
};

// Two generations of receive keys live side by side for 2 s at a rekey. The choice is by SSRC, one
// decryption per packet: each association of core uses fresh SSRCs; one that has been heard under
// the old keys belongs to them, any other to the new ones, which learn it when it authenticates.
class SecureLink {
 public:
  // The keys that seal from now on; those before keep opening.
  void install(std::shared_ptr<DtlsAssociation> association);
  void forget();
  bool has_keys() const { return current_.has_value(); }

  // In place; false when there are no keys yet or they refuse. Packets are whole: nothing elided.
  [[nodiscard]] bool seal_rtp(Packet& packet);
  [[nodiscard]] bool seal_rtcp(Packet& packet);
  [[nodiscard]] bool seal_control(Packet& packet);
  // In place. Lengths, version and E bit are checked here, before any library sees the bytes.
  std::optional<DropReason> open_rtp(Timestamp now, Packet& packet);
  std::optional<DropReason> open_rtcp(Timestamp now, Packet& packet);
  std::optional<DropReason> open_control(Packet& packet);

 private:
  struct Generation {
    std::shared_ptr<DtlsAssociation> association;
    SrtpSession srtp;
  };
  SrtpSession* choose(Timestamp now, Ssrc ssrc);
  std::optional<Generation> current_, previous_;
  std::optional<Timestamp> previous_ends_;
};

// What the checks before libsrtp say of a sealed packet: its SSRC, or nothing when it is malformed.
std::optional<Ssrc> sealed_rtp_ssrc(ByteSpan packet);
std::optional<Ssrc> sealed_rtcp_ssrc(ByteSpan packet);

}  // namespace diemcau::node::secure
