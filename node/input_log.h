// --input-log: everything that went into the core, and what its crypto answered, so that a replay
// decides the same.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/digest.h"
#include "core/mesh/boundary.h"
#include "core/mesh/bridge_config.h"
#include "core/mesh/handshake.h"
#include "core/mesh/trace.h"
#include "node/loop_witness.h"

namespace diemcau::node {

// A running digest of all outputs: of their words and of the bytes they carry.
class OutputDigest {
 public:
  void add(Timestamp now, const mesh::Output& output);
  std::uint64_t value() const { return digest_.value(); }

 private:
  Digest digest_;
  mesh::Words words_;
};

// A binary file: "DCINPUT1", then records of {type u8, length u32 little-endian, bytes}:
//   C  the bridge's config as text (roster ids, self, rates, seed)
//   I  an input: its words (core/mesh/trace.h, 8 bytes little-endian each) behind their count
//      (u32), then its bytes; NAL units each behind their length (u32)
//   M  the answer of a PairMac call, 32 bytes, in the order of the calls
//   H  the answer of a Handshake call: state, then the datagrams of its flight, each behind its
//      length (u16)
//   O  behind every input: the digest (u64) of all outputs so far, which a replay must reach
// It holds what people said in the clear: written with mode 0600, bounded by the disk quota given.
class InputLog : public LoopWitness {
 public:
  // Throws std::system_error when the file cannot be made. Stops writing, and says so, at
  // `max_bytes`.
  InputLog(const std::filesystem::path& path, std::uint64_t max_bytes);
  ~InputLog() override;
  InputLog(const InputLog&) = delete;
  InputLog& operator=(const InputLog&) = delete;

  void config(const mesh::BridgeConfig& config);
  void input(Timestamp now, const mesh::Input& input) override;
  void output(const mesh::Output& output) override { outputs_.add(now_, output); }
  void outputs_polled() override;
  void mac(const std::array<std::uint8_t, 32>& answer);
  void handshake(mesh::HandshakeState state, const std::vector<std::vector<std::uint8_t>>& flight);
  bool full() const { return full_; }

 private:
  void record(char type, ByteSpan head, ByteSpan body);
  std::FILE* file_ = nullptr;
  std::uint64_t room_;
  bool full_ = false;
  Timestamp now_;  // of the last input
  OutputDigest outputs_;
  mesh::Words words_;
  std::vector<std::uint8_t> bytes_;
};

// The driver's crypto with its answers written down.
class LoggedPairMac : public mesh::PairMac {
 public:
  LoggedPairMac(mesh::PairMac& inner, InputLog& log) : inner_(inner), log_(log) {}
  std::array<std::uint8_t, 32> mac(PeerId peer, ByteSpan message) override;

 private:
  mesh::PairMac& inner_;
  InputLog& log_;
};
class LoggedHandshakes : public mesh::HandshakeFactory {
 public:
  LoggedHandshakes(mesh::HandshakeFactory& inner, InputLog& log) : inner_(inner), log_(log) {}
  std::unique_ptr<mesh::Handshake> make(PeerId peer, mesh::HandshakeRole role) override;
  void forget(PeerId peer) override { inner_.forget(peer); }

 private:
  mesh::HandshakeFactory& inner_;
  InputLog& log_;
};

}  // namespace diemcau::node
