// The lab's handshake survives what a network does, and its keys open only what they sealed.
#include "sim/model_keys.h"

#include <catch2/catch.hpp>

#include "core/base/rng.h"

namespace diemcau::sim {
namespace {

using Flight = std::vector<std::vector<std::uint8_t>>;

struct Pair {
  ModelKeys a{1, PeerId{0}, 3};
  ModelKeys b{1, PeerId{1}, 3};
  std::unique_ptr<mesh::Handshake> client = a.make(PeerId{1}, mesh::HandshakeRole::client);
  std::unique_ptr<mesh::Handshake> server = b.make(PeerId{0}, mesh::HandshakeRole::server);
};

Flight answer(mesh::Handshake& to, const Flight& flight) {
  for (const auto& datagram : flight) to.handle(datagram);
  return to.poll_flight();
}

}  // namespace

TEST_CASE("four flights of the documented sizes make the same key at both ends", "[sim]") {
  Pair p;
  p.client->start();
  const Flight f1 = p.client->poll_flight();
  const Flight f2 = answer(*p.server, f1);
  const Flight f3 = answer(*p.client, f2);
  const Flight f4 = answer(*p.server, f3);
  CHECK(answer(*p.client, f4).empty());
  REQUIRE(f1.size() == 1);
  CHECK(f1[0].size() == 220);
  CHECK(f2[0].size() == 750);
  CHECK(f3[0].size() == 700);
  CHECK(f4[0].size() == 75);
  CHECK(p.client->state() == mesh::HandshakeState::done);
  CHECK(p.server->state() == mesh::HandshakeState::done);
  CHECK(p.a.sealing_key(PeerId{1}) != 0);
  CHECK(p.b.opens(PeerId{0}, p.a.sealing_key(PeerId{1})));
  CHECK(p.a.opens(PeerId{1}, p.b.sealing_key(PeerId{0})));
  CHECK_FALSE(p.b.opens(PeerId{2}, p.a.sealing_key(PeerId{1})));
}

TEST_CASE("lost, repeated and damaged flights never end a handshake", "[sim]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    Rng rng{seed};
    Pair p;
    p.client->start();
    Flight from_client = p.client->poll_flight(), from_server;
    for (int round = 0; round < 200 && p.client->state() != mesh::HandshakeState::done; ++round) {
      const auto cross = [&](mesh::Handshake& to, const Flight& flight, Flight& reply) {
        if (rng.below(100) < 40) return;
        Flight damaged = flight;
        if (!damaged.empty() && rng.below(100) < 30) damaged[0][rng.below(30)] ^= 0x10;
        for (std::uint32_t copies = 1 + rng.below(2); copies > 0; --copies) {
          Flight made = answer(to, damaged);
          if (!made.empty()) reply = std::move(made);
        }
      };
      cross(*p.server, from_client, from_server);
      cross(*p.client, from_server, from_client);
    }
    CHECK(p.client->state() == mesh::HandshakeState::done);
    CHECK(p.server->state() == mesh::HandshakeState::done);
    CHECK(p.b.opens(PeerId{0}, p.a.sealing_key(PeerId{1})));
  }
}

TEST_CASE("a forgotten peer's keys open nothing", "[sim]") {
  ModelKeys keys{1, PeerId{0}, 2};
  keys.install(PeerId{1}, 5);
  keys.install(PeerId{1}, 6);
  CHECK(keys.opens(PeerId{1}, 5));
  CHECK(keys.opens(PeerId{1}, 6));
  keys.forget(PeerId{1});
  CHECK_FALSE(keys.opens(PeerId{1}, 6));
  CHECK(keys.sealing_key(PeerId{1}) == 0);
}

TEST_CASE("a pair's MAC is the same at both ends and differs for another pair or message",
          "[sim]") {
  Pair p;
  ModelKeys c{1, PeerId{2}, 3};
  const std::vector<std::uint8_t> message = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<std::uint8_t> other = message;
  other[8] = 10;
  CHECK(p.a.mac(PeerId{1}, message) == p.b.mac(PeerId{0}, message));
  CHECK(p.a.mac(PeerId{1}, message) != c.mac(PeerId{0}, message));
  CHECK(p.a.mac(PeerId{1}, message) != p.a.mac(PeerId{1}, other));
}

}  // namespace diemcau::sim
