// The emulator's door to the kernel: one UDP socket on loopback per ordered pair of members, the
// clock, and the signals that end it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::sim {

struct SocketFigures {
  std::uint64_t foreign = 0;      // from an address that is not the member's own
  std::uint64_t oversized = 0;    // longer than an Ethernet path carries
  std::uint64_t overrun = 0;      // the kernel's buffer was full: the emulator was too slow
  std::uint64_t send_failed = 0;  // the kernel refused
};

// The only part of the lab that sees the world. One thread.
class RelaySockets {
 public:
  struct Received {
    std::uint16_t from = 0, to = 0;
    ByteSpan bytes;  // until the next receive()
  };

  // `members` are IPv4 addresses. Throws std::runtime_error with the remedy.
  explicit RelaySockets(const std::vector<Endpoint>& members);
  ~RelaySockets();
  RelaySockets(const RelaySockets&) = delete;
  RelaySockets& operator=(const RelaySockets&) = delete;

  // Where `viewer` finds `other`: what it sends there goes to `other`, and what `other` sends to it
  // comes from there.
  Endpoint stand_in(std::uint16_t other, std::uint16_t viewer) const;
  // Before the nodes on the same machine, as far as it allows: a line does not wait for encoders.
  void take_precedence();
  // SIGINT and SIGTERM no longer end the process but set stopped(). For programs, not for tests.
  void stop_on_signals();
  bool stopped() const;

  // CLOCK_MONOTONIC since construction.
  Timestamp now() const;
  // Until a datagram or a signal is there, or the time has come.
  void wait(Timestamp until);
  // The next batch of what wait() has seen arrive, all of one sender and receiver; empty: no more.
  std::span<const Received> receive();
  void send(std::uint16_t from, std::uint16_t to, ByteSpan datagram);
  SocketFigures figures() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::sim
