// What the lines did to each stream between two members, told from RTP headers, which SRTP leaves
// in clear.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/base/packet_pool.h"
#include "core/quality/histogram.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::sim {

// What an RTP packet is of; one of sound has the layer `only`.
struct WireStream {
  Source source = Source::microphone;
  Layer layer = Layer::only;
  constexpr bool operator==(const WireStream&) const = default;
};
// All that there are.
inline constexpr std::array kWireStreams = {
    WireStream{Source::microphone, Layer::only}, WireStream{Source::camera, Layer::lo},
    WireStream{Source::camera, Layer::mid},      WireStream{Source::camera, Layer::hi},
    WireStream{Source::document, Layer::mid},    WireStream{Source::document, Layer::hi}};
// Its place among them.
constexpr std::uint8_t place_of(const WireStream& s) {
  const auto layer = static_cast<std::uint8_t>(s.layer);
  return static_cast<std::uint8_t>(s.source == Source::document ? layer + 2 : layer);
}
constexpr std::uint8_t kNoStream = 0xFF;
constexpr std::optional<WireStream> stream_at(std::uint8_t place) {
  return place != kNoStream ? std::optional(kWireStreams[place]) : std::nullopt;
}

// Of an RTP packet of sound or pictures, sealed or not; nothing for everything else.
std::optional<WireStream> stream_of(ByteSpan datagram);

// Of an RTP packet, not sealed yet: the bytes that are there because packets get lost. All of a
// repair packet; in one of sound, its earlier frames.
std::size_t repair_bytes_of(const Packet& rtp);

// One stream between two bridges as the lines saw it; the receiver's own figures are in its
// BridgeReport.
struct Crossing {
  std::uint64_t packets_sent = 0;
  std::uint64_t bytes_sent = 0;  // UDP payload, seal included
  quality::Histogram delay;      // leaving the pacer → arrival
};

// By sender, receiver and stream.
class Crossings {
 public:
  Crossings() = default;
  explicit Crossings(std::size_t members)
      : members_(members), all_(members * members * kWireStreams.size()) {}
  Crossing& of(std::size_t from, std::size_t to, const WireStream& stream) {
    return of(from, to, place_of(stream));
  }
  Crossing& of(std::size_t from, std::size_t to, std::uint8_t place) {
    return all_[(from * members_ + to) * kWireStreams.size() + place];
  }
  const Crossing& of(std::size_t from, std::size_t to, const WireStream& stream) const {
    return of(from, to, place_of(stream));
  }
  const Crossing& of(std::size_t from, std::size_t to, std::uint8_t place) const {
    return all_[(from * members_ + to) * kWireStreams.size() + place];
  }
  bool empty() const { return all_.empty(); }
  void reset() { all_.assign(all_.size(), Crossing{}); }

 private:
  std::size_t members_ = 0;
  std::vector<Crossing> all_;
};

}  // namespace diemcau::sim
