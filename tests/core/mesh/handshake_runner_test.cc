#include "core/mesh/handshake_runner.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::mesh;

namespace {
const Timestamp t0 = timestamp_from_ns(1'000'000'000);

// Two flights each way, one byte a datagram: enough to see what the runner does with time.
class TwoStep : public Handshake {
 public:
  explicit TwoStep(HandshakeRole role) : client_(role == HandshakeRole::client) {}
  void start() override {
    if (client_) flight_ = {{1}};
  }
  void handle(ByteSpan d) override {
    if (d.size() != 1) return;
    if (client_ && d[0] == 2 && state_ == HandshakeState::running) {
      flight_ = {{3}};
      state_ = HandshakeState::done;
    } else if (client_ && d[0] == 7) {
      flight_ = {{1}};
      state_ = HandshakeState::running;
    } else if (!client_ && d[0] == 1 && step_ == 0) {
      step_ = 1;
      flight_ = {{2}};
    } else if (!client_ && d[0] == 3) {
      state_ = HandshakeState::done;
    }
  }
  std::vector<std::vector<std::uint8_t>> poll_flight() override { return std::move(flight_); }
  HandshakeState state() const override { return state_; }

 private:
  bool client_;
  int step_ = 0;
  std::vector<std::vector<std::uint8_t>> flight_;
  HandshakeState state_ = HandshakeState::running;
};

class Factory : public HandshakeFactory {
 public:
  std::unique_ptr<Handshake> make(PeerId, HandshakeRole role) override {
    return std::make_unique<TwoStep>(role);
  }
  void forget(PeerId) override {}
};
const std::vector<std::uint8_t> kFirst = {1};
const std::vector<std::uint8_t> kAnswer = {2};
const std::vector<std::uint8_t> kLast = {3};
const std::vector<std::uint8_t> kAgain = {7};
const std::vector<std::uint8_t> kJunk = {99};
}  // namespace

TEST_CASE("A flight without an answer is sent again after 50, 100, 200 ms", "[core][mesh]") {
  Factory factory;
  HandshakeRunner runner;
  runner.begin(t0, factory, PeerId{1}, HandshakeRole::client);
  REQUIRE(runner.take_due_flight() != nullptr);
  CHECK(runner.take_due_flight() == nullptr);
  Timestamp due = t0 + 50ms;
  for (const Duration gap : {100ms, 200ms, 400ms}) {
    REQUIRE(runner.deadline() == due);
    runner.time_passed(due - 1ns);
    CHECK(runner.take_due_flight() == nullptr);
    runner.time_passed(due);
    CHECK(runner.take_due_flight() != nullptr);
    due += gap;
  }
}

TEST_CASE("A handshake without any answer fails after ten seconds", "[core][mesh]") {
  Factory factory;
  HandshakeRunner runner;
  runner.begin(t0, factory, PeerId{1}, HandshakeRole::client);
  while (runner.running()) runner.time_passed(*runner.deadline());
  CHECK(runner.failed());
  CHECK_FALSE(runner.deadline());
}

TEST_CASE(
    "A finished side repeats its last flight when the peer repeats its own, at most every 50 ms",
    "[core][mesh]") {
  Factory factory;
  HandshakeRunner runner;
  runner.begin(t0, factory, PeerId{1}, HandshakeRole::client);
  static_cast<void>(runner.take_due_flight());
  runner.handle(t0 + 10ms, kAnswer);
  REQUIRE(runner.done());
  REQUIRE(runner.take_due_flight() != nullptr);
  runner.handle(t0 + 70ms, kAnswer);
  CHECK(runner.take_due_flight() != nullptr);
  runner.handle(t0 + 80ms, kAnswer);
  CHECK(runner.take_due_flight() == nullptr);
}

TEST_CASE("A side that has heard the last flight answers none of its repetitions", "[core][mesh]") {
  Factory factory;
  HandshakeRunner runner;
  runner.begin(t0, factory, PeerId{1}, HandshakeRole::server);
  runner.handle(t0, kFirst);
  REQUIRE(runner.take_due_flight() != nullptr);
  runner.handle(t0 + 10ms, kLast);
  REQUIRE(runner.done());
  for (Timestamp at = t0 + 100ms; at < t0 + 1s; at += 100ms) {
    runner.handle(at, kLast);
    CHECK(runner.take_due_flight() == nullptr);
  }
}

TEST_CASE("A second handshake that comes to nothing leaves the first one standing",
          "[core][mesh]") {
  Factory factory;
  HandshakeRunner runner;
  runner.begin(t0, factory, PeerId{1}, HandshakeRole::client);
  runner.handle(t0 + 10ms, kAnswer);
  REQUIRE(runner.done());
  runner.handle(t0 + 1s, kAgain);
  REQUIRE(runner.running());
  while (runner.running()) runner.time_passed(*runner.deadline());
  CHECK(runner.done());
  CHECK_FALSE(runner.failed());
}

TEST_CASE("Junk neither ends nor advances a handshake", "[core][mesh]") {
  Factory factory;
  HandshakeRunner runner;
  runner.begin(t0, factory, PeerId{1}, HandshakeRole::client);
  static_cast<void>(runner.take_due_flight());
  runner.handle(t0 + 1ms, kJunk);
  CHECK(runner.running());
  CHECK(runner.take_due_flight() == nullptr);
}
