// The lab elides cryptography: with DTLS keys and libsrtp over every datagram, as a node has them,
// a meeting is the same to the bit.
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <vector>

#include "node/keys.h"
#include "node/roster.h"
#include "node/secure/identity.h"
#include "node/secure/transport_security.h"
#include "sim/crossing.h"
#include "sim/seal.h"
#include "sim/world.h"
#include "tests/sim/scenario_text.h"

namespace diemcau::sim {
namespace {

// Both ends of one association, with the keys of a real handshake between them.
struct Association {
  Association() {
    auto one = ends[0].make(kEnds[1], mesh::HandshakeRole::client);
    auto other = ends[1].make(kEnds[0], mesh::HandshakeRole::server);
    one->start();
    for (int flight = 0; flight < 2; ++flight) {
      for (const auto& d : one->poll_flight()) other->handle(d);
      for (const auto& d : other->poll_flight()) one->handle(d);
    }
    REQUIRE(ends[0].has_keys(kEnds[1]));
    REQUIRE(ends[1].has_keys(kEnds[0]));
  }
  static constexpr PeerId kEnds[2] = {PeerId{0}, PeerId{1}};
  node::PrivateKey a = node::PrivateKey::generate(), b = node::PrivateKey::generate();
  std::vector<node::RosterBridge> roster = {{"a", "A", mesh::Role::central, {}, a.public_key()},
                                            {"b", "B", mesh::Role::member, {}, b.public_key()}};
  node::secure::TransportSecurity ends[2] = {{node::secure::Identity{a}, roster},
                                             {node::secure::Identity{b}, roster}};
};

// An association per key of the model. The member with the lower number is end 0.
class NodeSeal : public RealSeal {
 public:
  bool seal(PeerId from, PeerId to, std::uint64_t key, mesh::PacketKind kind,
            Packet& packet) override {
    ++sealed;
    const std::size_t end = from.value < to.value ? 0 : 1;
    const auto stream = stream_of(packet.bytes());
    const bool done = of(key).ends[end].seal(Association::kEnds[1 - end], kind, packet);
    if (stream) ++of_streams;
    if (stream != stream_of(packet.bytes())) ++mistaken;
    return done;
  }
  bool open(Timestamp now, PeerId from, PeerId to, std::uint64_t key, mesh::PacketKind kind,
            Packet& packet) override {
    const std::size_t end = to.value < from.value ? 0 : 1;
    const auto found = of(key).ends[end].open(now, Association::kEnds[1 - end], packet);
    if (!found) {
      ++refused[found.error()];
      return false;
    }
    ++opened;
    return *found == kind;
  }
  std::uint64_t sealed = 0, opened = 0;
  std::uint64_t of_streams = 0, mistaken = 0;  // before sealing, and told otherwise after it
  std::map<quality::DropReason, std::uint64_t> refused;
  std::size_t associations() const { return by_key_.size(); }

 private:
  Association& of(std::uint64_t key) {
    auto& association = by_key_[key];
    if (!association) association = std::make_unique<Association>();
    return *association;
  }
  std::map<std::uint64_t, std::unique_ptr<Association>> by_key_;
};

RunResult run(const Scenario& scenario, RealSeal* seal) {
  WorldOptions options;
  options.full_payload = seal != nullptr;
  options.seal = seal;
  return World{scenario, std::move(options)}.run();
}

}  // namespace

TEST_CASE("real SRTP and DTLS give the digest and the fates of elided ones", "[seal]") {
  const Scenario scenario = parse_text(kSmallScenario);
  NodeSeal seal;
  const RunResult real = run(scenario, &seal);
  const RunResult elided = run(scenario, nullptr);
  CHECK(real.digest == elided.digest);
  CHECK(real.whole.delivered == elided.whole.delivered);
  CHECK(real.whole.refused == elided.whole.refused);
  CHECK(seal.sealed > 1000);
  CHECK(seal.opened > 1000);
  CHECK(seal.refused.empty());
  CHECK(seal.associations() == 3);  // each pair of three members agreed once
}

TEST_CASE("whoever sees only sealed datagrams can tell which stream each belongs to", "[seal]") {
  NodeSeal seal;
  run(parse_text(kSmallScenario), &seal);
  CHECK(seal.of_streams > 1000);
  CHECK(seal.of_streams < seal.sealed);  // feedback and control belong to none
  CHECK(seal.mistaken == 0);
}

TEST_CASE("damaged and repeated datagrams are refused by real keys exactly where the lab says so",
          "[seal]") {
  const Scenario scenario = parse_text(
      replaced(kSmallScenario, "loss = { model = \"iid\", mean = 0.001 }",
               "loss = { model = \"iid\", mean = 0.01 }\nduplicate = 0.02\ncorrupt = 0.02\n"
               "reorder = { share = 0.02, by = \"5ms\" }"));
  NodeSeal seal;
  const RunResult real = run(scenario, &seal);
  const RunResult elided = run(scenario, nullptr);
  CHECK(real.digest == elided.digest);
  CHECK(real.whole.delivered == elided.whole.delivered);
  CHECK(real.whole.refused == elided.whole.refused);
  CHECK(seal.refused[quality::DropReason::auth] > 0);
  CHECK(seal.refused[quality::DropReason::replay] > 0);
}

}  // namespace diemcau::sim
