// libsrtp works in place on what we have measured first: it has written past the end of a packet
// before authenticating it (cisco/libsrtp#817).
#include "node/secure/secure_link.h"

#include <srtp2/srtp.h>

#include <algorithm>

#include "core/base/byte_reader.h"
#include "core/base/check.h"

namespace diemcau::node::secure {

namespace {

constexpr Duration kOldKeysLast = 2s;
// A peer sends a handful of streams; a fan-out bridge some dozens.
constexpr std::size_t kMostSsrcs = 64;
constexpr std::size_t kRtpHeader = 12, kRtcpHeader = 8;

void start_library() {
  static const srtp_err_status_t started = srtp_init();
  DC_CHECK(started == srtp_err_status_ok);
}

srtp_t make_session(srtp_ssrc_type_t direction, const std::array<std::uint8_t, 44>& key) {
  start_library();
  srtp_policy_t policy{};
  // Both must be GCM: with the default for RTCP srtp_create() fails.
  srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
  srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
  policy.ssrc.type = direction;
  std::array<std::uint8_t, 44> copy = key;
  policy.key = copy.data();
  policy.window_size = kReplayWindow;
  srtp_t session = nullptr;
  DC_CHECK(srtp_create(&session, &policy) == srtp_err_status_ok);
  copy.fill(0);
  return session;
}

DropReason reason_of(srtp_err_status_t status) {
  switch (status) {
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old: return DropReason::replay;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err: return DropReason::malformed;
    default: return DropReason::auth;
  }
}

bool has_room(const Packet& packet) {
  return packet.elided() == 0 && packet.present() + SRTP_MAX_TRAILER_LEN <= packet.capacity();
}

}  // namespace

std::optional<Ssrc> sealed_rtp_ssrc(ByteSpan packet) {
  ByteReader reader{packet};
  const std::uint8_t first = reader.u8();
  reader.skip(7);
  const Ssrc ssrc{reader.u32()};
  reader.skip(std::size_t{first & 0x0FU} * 4);
  if ((first & 0x10U) != 0) {
    reader.skip(2);
    reader.skip(std::size_t{reader.u16()} * 4);
  }
  if (!reader.ok() || first >> 6 != 2 || reader.remaining() < kSrtpTagBytes) return std::nullopt;
  return ssrc;
}

std::optional<Ssrc> sealed_rtcp_ssrc(ByteSpan packet) {
  if (packet.size() < kRtcpHeader + kSrtcpTrailerBytes || packet.size() % 4 != 0) {
    return std::nullopt;
  }
  // Plain SRTCP (E = 0) is not ours and was the way into the library's bug.
  if (packet[0] >> 6 != 2 || (packet[packet.size() - 4] & 0x80U) == 0) return std::nullopt;
  ByteReader reader{packet.subspan(4)};
  return Ssrc{reader.u32()};
}

// ---------------------------------------------------------------- session

void SrtpSession::Close::operator()(srtp_ctx_t_* session) const { srtp_dealloc(session); }

SrtpSession::SrtpSession(const SrtpKeys& keys)
    : out_(make_session(ssrc_any_outbound, keys.sending)),
      in_(make_session(ssrc_any_inbound, keys.receiving)) {
  known_.reserve(kMostSsrcs);
}

bool SrtpSession::seal_rtp(Packet& packet) {
  DC_CHECK(has_room(packet) && packet.present() >= kRtpHeader);
  int size = static_cast<int>(packet.present());
  if (srtp_protect(out_.get(), packet.data(), &size) != srtp_err_status_ok) return false;
  packet.set_size(static_cast<std::size_t>(size));
  return true;
}

bool SrtpSession::seal_rtcp(Packet& packet) {
  DC_CHECK(has_room(packet) && packet.present() >= kRtcpHeader);
  int size = static_cast<int>(packet.present());
  if (srtp_protect_rtcp(out_.get(), packet.data(), &size) != srtp_err_status_ok) return false;
  packet.set_size(static_cast<std::size_t>(size));
  return true;
}

std::optional<DropReason> SrtpSession::open_rtp(Packet& packet, Ssrc ssrc) {
  if (!room_for(ssrc)) return DropReason::unknown;
  int size = static_cast<int>(packet.present());
  const auto status = srtp_unprotect(in_.get(), packet.data(), &size);
  if (status != srtp_err_status_ok) return reason_of(status);
  packet.set_size(static_cast<std::size_t>(size));
  learn(ssrc);
  return std::nullopt;
}

std::optional<DropReason> SrtpSession::open_rtcp(Packet& packet, Ssrc ssrc) {
  if (!room_for(ssrc)) return DropReason::unknown;
  int size = static_cast<int>(packet.present());
  const auto status = srtp_unprotect_rtcp(in_.get(), packet.data(), &size);
  if (status != srtp_err_status_ok) return reason_of(status);
  packet.set_size(static_cast<std::size_t>(size));
  learn(ssrc);
  return std::nullopt;
}

bool SrtpSession::knows(Ssrc ssrc) const {
  return std::binary_search(known_.begin(), known_.end(), ssrc);
}

bool SrtpSession::room_for(Ssrc ssrc) const { return known_.size() < kMostSsrcs || knows(ssrc); }

void SrtpSession::learn(Ssrc ssrc) {
  const auto at = std::lower_bound(known_.begin(), known_.end(), ssrc);
  if (at == known_.end() || *at != ssrc) known_.insert(at, ssrc);
}

// ------------------------------------------------------------------- link

void SecureLink::install(std::shared_ptr<DtlsAssociation> association) {
  previous_ = std::move(current_);
  previous_ends_.reset();
  const SrtpKeys& keys = association->srtp_keys();
  current_.emplace(Generation{std::move(association), SrtpSession{keys}});
}

void SecureLink::forget() {
  current_.reset();
  previous_.reset();
  previous_ends_.reset();
}

SrtpSession* SecureLink::choose(Timestamp now, Ssrc ssrc) {
  if (!current_) return nullptr;
  if (previous_) {
    // The first packet after the new keys starts the clock: core's handshake carries no time.
    if (!previous_ends_) previous_ends_ = now + kOldKeysLast;
    if (now >= *previous_ends_) {
      previous_.reset();
    } else if (!current_->srtp.knows(ssrc) && previous_->srtp.knows(ssrc)) {
      return &previous_->srtp;
    }
  }
  return &current_->srtp;
}

bool SecureLink::seal_rtp(Packet& packet) { return current_ && current_->srtp.seal_rtp(packet); }

bool SecureLink::seal_rtcp(Packet& packet) { return current_ && current_->srtp.seal_rtcp(packet); }

bool SecureLink::seal_control(Packet& packet) {
  return current_ && current_->association->seal(packet);
}

std::optional<DropReason> SecureLink::open_rtp(Timestamp now, Packet& packet) {
  const auto ssrc = sealed_rtp_ssrc(packet.bytes());
  if (!ssrc || !has_room(packet)) return DropReason::malformed;
  SrtpSession* session = choose(now, *ssrc);
  return session == nullptr ? DropReason::unknown : session->open_rtp(packet, *ssrc);
}

std::optional<DropReason> SecureLink::open_rtcp(Timestamp now, Packet& packet) {
  const auto ssrc = sealed_rtcp_ssrc(packet.bytes());
  if (!ssrc || !has_room(packet)) return DropReason::malformed;
  SrtpSession* session = choose(now, *ssrc);
  return session == nullptr ? DropReason::unknown : session->open_rtcp(packet, *ssrc);
}

std::optional<DropReason> SecureLink::open_control(Packet& packet) {
  if (!current_) return DropReason::unknown;
  return current_->association->open(packet);
}

}  // namespace diemcau::node::secure
