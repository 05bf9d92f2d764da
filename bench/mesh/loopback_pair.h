// Two bridges on loopback with their link up, each with an io_context of its own, so that what one
// of them costs is seen apart.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <utility>

#include "bench/mesh/loopback_peer.h"

namespace diemcau::bench {

// Sees outputs alone.
class Tap : public node::LoopWitness {
 public:
  using See = std::function<void(const mesh::Output&)>;
  explicit Tap(See see) : see_(std::move(see)) {}
  void input(Timestamp, const mesh::Input&) override {}
  void output(const mesh::Output& output) override {
    if (see_) see_(output);
  }

 private:
  See see_;
};

// `sender` encodes; `receiver` wants its hi. One thread.
struct LoopbackPair {
  // `see` is given what the receiver would show, `see_sender` what the sender's encoders are told.
  // Throws std::runtime_error when the link is not up within 10 s.
  explicit LoopbackPair(Tap::See see = {}, Tap::See see_sender = {});

  // CPU of both ends.
  struct Cost {
    Duration sender{}, receiver{};
  };
  // Steps both bridges through their deadlines until `out` is true: the pacer spreads a frame over
  // time. Longer than it holds one nobody waits; waiting itself costs nothing.
  Cost carry(const std::function<bool()>& out);

  boost::asio::io_context sender_io{1}, receiver_io{1};
  Tap sender_tap, receiver_tap;
  LoopbackPeer sender{sender_io, "a"}, receiver{receiver_io, "b"};

 private:
  bool hi_wanted();
};

}  // namespace diemcau::bench
