// Who and what: bridges, paths to them, and the streams they send.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace diemcau {

template <typename Tag, typename Rep>
struct Id {
  Rep value{};
  constexpr auto operator<=>(const Id&) const = default;
};

// Index of a bridge in this node's roster. Never on the wire: there a bridge is named by its roster
// id, a string.
using PeerId = Id<struct PeerTag, std::uint16_t>;
// One way to a peer: local uplink × remote address × via whom. Given out by core, known to the
// driver through PathOpened.
using PathId = Id<struct PathTag, std::uint16_t>;
using Ssrc = Id<struct SsrcTag, std::uint32_t>;

// An IPv4 address is held in its IPv4-mapped IPv6 form (RFC 4291 §2.5.5.2), so that one form
// compares and hashes.
struct Endpoint {
  std::array<std::uint8_t, 16> ip{};
  std::uint16_t port = 0;
  constexpr auto operator<=>(const Endpoint&) const = default;
  static constexpr Endpoint v4(std::uint32_t host_order, std::uint16_t port) {
    Endpoint e;
    e.ip[10] = e.ip[11] = 0xFF;
    for (unsigned i = 0; i < 4; ++i)
      e.ip[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
    e.port = port;
    return e;
  }
  constexpr bool is_v4() const {
    for (unsigned i = 0; i < 10; ++i) {
      if (ip[i] != 0) return false;
    }
    return ip[10] == 0xFF && ip[11] == 0xFF;
  }
};

enum class MediaKind : std::uint8_t { audio, video };
// `repair` is no source: a link's repair packets are a stream of their own beside its media.
enum class Source : std::uint8_t { microphone, camera, document, repair };
// Layers are encoded once per bridge; audio has the one layer `only`.
enum class Layer : std::uint8_t { only, lo, mid, hi };

constexpr MediaKind media_of(Source s) {
  return s == Source::microphone ? MediaKind::audio : MediaKind::video;
}

// A stream is named by where it was made, not by whom it came through: a forwarder may stand
// between.
struct StreamId {
  PeerId origin;
  Source source = Source::microphone;
  Layer layer = Layer::only;
  constexpr auto operator<=>(const StreamId&) const = default;
};

// What has pictures, with layers of its own: faces and pages.
constexpr bool has_pictures(Source s) { return s == Source::camera || s == Source::document; }

constexpr const char* name_of(Source source) {
  switch (source) {
    case Source::microphone: return "microphone";
    case Source::camera: return "camera";
    case Source::document: return "document";
    case Source::repair: return "repair";
  }
  return "?";
}

constexpr const char* name_of(Layer layer) {
  switch (layer) {
    case Layer::only: return "only";
    case Layer::lo: return "lo";
    case Layer::mid: return "mid";
    case Layer::hi: return "hi";
  }
  return "?";
}

}  // namespace diemcau
