// A handshake of four flights whose keys are names, robust to loss, repetition and damage like the
// real one.
#include "sim/model_keys.h"

#include "core/base/byte_reader.h"
#include "core/base/byte_writer.h"
#include "core/base/check.h"
#include "core/base/digest.h"

namespace diemcau::sim {

namespace {

constexpr std::uint8_t kHandshakeRecord = 22;  // RFC 5246 §6.2.1
constexpr std::uint16_t kDtls12 = 0xFEFD;      // RFC 6347 §4.1
constexpr std::size_t kRecordHeaderBytes = 13;

std::uint64_t pair_secret(std::uint64_t seed, PeerId a, PeerId b) {
  const PeerId low = a < b ? a : b;
  const PeerId high = a < b ? b : a;
  Digest d;
  d.add(seed);
  d.add(static_cast<std::uint64_t>(low.value) << 16 | high.value);
  return d.value();
}

struct Flight {
  std::uint8_t number = 0;  // 1 … 4
  std::uint64_t client_random = 0, server_random = 0;
};

std::uint64_t proof_of(std::uint64_t secret, const Flight& f) {
  Digest d;
  for (const std::uint64_t word :
       {secret, std::uint64_t{f.number}, f.client_random, f.server_random})
    d.add(word);
  return d.value();
}

std::vector<std::uint8_t> write_flight(std::uint64_t secret, const Flight& f) {
  std::vector<std::uint8_t> bytes(kFlightBytes[f.number - 1]);
  ByteWriter out{bytes};
  out.u8(kHandshakeRecord);
  out.u16(kDtls12);
  out.zeros(8);  // epoch and sequence
  out.u16(static_cast<std::uint16_t>(bytes.size() - kRecordHeaderBytes));
  out.u8(f.number);
  out.u64(f.client_random);
  out.u64(f.server_random);
  out.u64(proof_of(secret, f));
  DC_CHECK(out.ok());
  return bytes;
}

std::optional<Flight> parse_flight(std::uint64_t secret, ByteSpan bytes) {
  ByteReader in{bytes};
  if (in.u8() != kHandshakeRecord || in.u16() != kDtls12) return std::nullopt;
  in.skip(10);
  Flight f;
  f.number = in.u8();
  f.client_random = in.u64();
  f.server_random = in.u64();
  const std::uint64_t proof = in.u64();
  if (!in.ok() || f.number < 1 || f.number > 4 || bytes.size() != kFlightBytes[f.number - 1] ||
      proof != proof_of(secret, f))
    return std::nullopt;
  return f;
}

class ModelHandshake : public mesh::Handshake {
 public:
  ModelHandshake(ModelKeys& keys, PeerId peer, mesh::HandshakeRole role, std::uint64_t secret,
                 std::uint64_t random)
      : keys_(keys), peer_(peer), role_(role), secret_(secret), random_(random) {}

  void start() override {
    if (role_ != mesh::HandshakeRole::client) return;
    said_ = {1, random_, 0};
    emit();
  }
  // Only the flight that comes next is taken, or the first one of a client that starts anew; every
  // other one is a repetition or foreign.
  void handle(ByteSpan datagram) override {
    const auto heard = parse_flight(secret_, datagram);
    if (!heard) return;
    if (role_ == mesh::HandshakeRole::server && heard->number == 1 &&
        heard->client_random != said_.client_random) {
      said_ = {};
      state_ = mesh::HandshakeState::running;
    }
    if (state_ != mesh::HandshakeState::running || heard->number != said_.number + 1) return;
    const bool mine = role_ == mesh::HandshakeRole::client
                          ? heard->client_random == random_
                          : heard->number == 1 || (heard->client_random == said_.client_random &&
                                                   heard->server_random == random_);
    if (!mine) return;
    said_ = *heard;
    if (heard->number == 4) return finish();
    said_.number = static_cast<std::uint8_t>(heard->number + 1);
    if (said_.number == 2) said_.server_random = random_;
    emit();
    if (said_.number == 4) finish();
  }
  std::vector<std::vector<std::uint8_t>> poll_flight() override { return std::move(flight_); }
  mesh::HandshakeState state() const override { return state_; }

 private:
  void emit() {
    flight_.clear();
    flight_.push_back(write_flight(secret_, said_));
  }
  void finish() {
    state_ = mesh::HandshakeState::done;
    const std::uint64_t key = proof_of(~secret_, {0, said_.client_random, said_.server_random});
    keys_.install(peer_, key == 0 ? 1 : key);
  }

  ModelKeys& keys_;
  PeerId peer_;
  mesh::HandshakeRole role_;
  std::uint64_t secret_;
  std::uint64_t random_;
  Flight said_;  // the last flight of this association, ours or the peer's
  std::vector<std::vector<std::uint8_t>> flight_;
  mesh::HandshakeState state_ = mesh::HandshakeState::running;
};

}  // namespace

ModelKeys::ModelKeys(std::uint64_t seed, PeerId self, std::size_t bridges)
    : seed_(seed), self_(self), random_(seed, Purpose::keys, self.value), keys_(bridges) {}

std::unique_ptr<mesh::Handshake> ModelKeys::make(PeerId peer, mesh::HandshakeRole role) {
  return std::make_unique<ModelHandshake>(*this, peer, role, pair_secret(seed_, self_, peer),
                                          random_.next());
}

void ModelKeys::forget(PeerId peer) { keys_[peer.value] = Keys{}; }

bool ModelKeys::opens(PeerId peer, std::uint64_t key) const {
  const Keys& keys = keys_[peer.value];
  return key != 0 && (key == keys.current || key == keys.previous);
}

void ModelKeys::install(PeerId peer, std::uint64_t key) {
  Keys& keys = keys_[peer.value];
  keys.previous = keys.current;
  keys.current = key;
}

std::array<std::uint8_t, 32> ModelKeys::mac(PeerId peer, ByteSpan message) {
  Digest d;
  d.add(pair_secret(seed_, self_, peer));
  d.add(message.size());
  ByteReader in{message};
  while (in.remaining() >= 8) d.add(in.u64());
  while (in.remaining() > 0) d.add(in.u8());
  std::uint64_t state = d.value();
  std::array<std::uint8_t, 32> tag{};
  ByteWriter out{tag};
  for (int i = 0; i < 4; ++i) out.u64(splitmix64(state));
  return tag;
}

}  // namespace diemcau::sim
