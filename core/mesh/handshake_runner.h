// Drives one key exchange on core's time: sends flights, repeats the last one from 50 ms doubling,
// gives up after 10 s.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/mesh/handshake.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// After `done` the last flight is kept: when the peer repeats its own, ours was lost and goes out
// again.
class HandshakeRunner {
 public:
  using Flight = std::vector<std::vector<std::uint8_t>>;

  void begin(Timestamp now, HandshakeFactory& factory, PeerId peer, HandshakeRole role);
  void handle(Timestamp now, ByteSpan datagram);
  void time_passed(Timestamp now);
  void stop();

  bool exists() const { return handshake_ != nullptr; }
  bool running() const { return handshake_ && state_ == HandshakeState::running; }
  bool done() const { return handshake_ && state_ == HandshakeState::done; }
  bool failed() const { return handshake_ && state_ == HandshakeState::failed; }
  std::optional<Timestamp> deadline() const;

  // The flight that is due now, or null; taking it clears the request. Poll after every call above.
  const Flight* take_due_flight();

 private:
  void after_step(Timestamp now);

  std::unique_ptr<Handshake> handshake_;
  HandshakeState state_ = HandshakeState::running;
  Flight last_flight_;
  bool due_ = false;
  bool completed_ = false;  // this association has had keys
  Duration interval_{};
  Timestamp resend_at_;
  Timestamp give_up_at_;
  Timestamp last_sent_at_;
};

}  // namespace diemcau::mesh
