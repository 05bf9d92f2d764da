// Retransmission of handshake flights (RFC 6347 §4.2.4) with provincial timing: RTT is 5–40 ms, so
// 1 s would be a toy.
#include "core/mesh/handshake_runner.h"

#include <algorithm>

namespace diemcau::mesh {

namespace {
constexpr Duration kFirstResend = 50ms;
constexpr Duration kLongestResend = 800ms;
constexpr Duration kGiveUp = 10s;
}  // namespace

void HandshakeRunner::begin(Timestamp now, HandshakeFactory& factory, PeerId peer,
                            HandshakeRole role) {
  handshake_ = factory.make(peer, role);
  state_ = HandshakeState::running;
  last_flight_.clear();
  due_ = false;
  interval_ = kFirstResend;
  completed_ = false;
  give_up_at_ = now + kGiveUp;
  last_sent_at_ = now - kFirstResend;
  handshake_->start();
  after_step(now);
}

void HandshakeRunner::handle(Timestamp now, ByteSpan datagram) {
  if (!handshake_ || state_ == HandshakeState::failed) return;
  const bool was_done = state_ == HandshakeState::done;
  handshake_->handle(datagram);
  after_step(now);
  // A finished side that still hears handshake datagrams: the peer misses our last flight. Once per
  // resend interval, so that a replaying stranger cannot make us talk more than the peer itself
  // would.
  if (was_done && !due_ && !last_flight_.empty() && now - last_sent_at_ >= kFirstResend) {
    due_ = true;
    last_sent_at_ = now;
  }
}

void HandshakeRunner::after_step(Timestamp now) {
  auto flight = handshake_->poll_flight();
  const HandshakeState before = state_;
  state_ = handshake_->state();
  if (state_ == HandshakeState::done) {
    completed_ = true;
    // Theirs was the last flight: nobody waits for ours, and they would answer it with theirs
    // again, for ever (RFC 6347 §4.2.4 has only who sent the last one repeat it).
    if (before == HandshakeState::running && flight.empty()) last_flight_.clear();
  }
  if (state_ == HandshakeState::failed && completed_) state_ = HandshakeState::done;
  if (before == HandshakeState::done && state_ == HandshakeState::running)
    give_up_at_ = now + kGiveUp;
  if (flight.empty()) return;
  last_flight_ = std::move(flight);
  due_ = true;
  interval_ = kFirstResend;
  resend_at_ = now + interval_;
  last_sent_at_ = now;
}

void HandshakeRunner::time_passed(Timestamp now) {
  if (!running()) return;
  if (now >= give_up_at_) {
    // A second handshake on top of a finished one may have been begun by anybody who can forge an
    // address: that it comes to nothing must not cost the keys that work.
    state_ = completed_ ? HandshakeState::done : HandshakeState::failed;
    return;
  }
  if (last_flight_.empty() || now < resend_at_) return;
  due_ = true;
  interval_ = std::min(interval_ * 2, kLongestResend);
  resend_at_ = now + interval_;
  last_sent_at_ = now;
}

void HandshakeRunner::stop() {
  handshake_.reset();
  last_flight_.clear();
  due_ = false;
}

std::optional<Timestamp> HandshakeRunner::deadline() const {
  if (!running()) return std::nullopt;
  if (last_flight_.empty()) return give_up_at_;
  return std::min(give_up_at_, resend_at_);
}

const HandshakeRunner::Flight* HandshakeRunner::take_due_flight() {
  if (!due_) return nullptr;
  due_ = false;
  return &last_flight_;
}

}  // namespace diemcau::mesh
