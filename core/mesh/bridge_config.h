// What a bridge is told once, at construction: who is in the roster, what it may send, where its
// randomness starts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/rate/controller.h"
#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

enum class Role : std::uint8_t { central, member };

struct RosterEntry {
  std::string id;  // [a-z0-9-], ≤ 32; the lower id (bytewise) is the DTLS client
  Role role = Role::member;
  std::vector<Endpoint> addresses;  // hints, ≤ 4; empty: it must find us
};

// Rates of the layers at best; sizes and frame rates belong to the encoder. Defaults: the
// layers (hi 720p30, mid 360p30, lo 180p15) at rates where x264 superfast gives > 38 dB on a
// talking head.
struct LayerRates {
  Bitrate hi = Bitrate::kbps(1500);
  Bitrate mid = Bitrate::kbps(500);
  Bitrate lo = Bitrate::kbps(150);
  Bitrate audio = Bitrate::kbps(32);
};

// Rates of a document's two layers while a page is turned, both of 720 lines, because text of 360
// cannot be read: `hi` makes a dense page of 70 KB whole in less than a second, `mid` is for paths
// that cannot carry a quarter of that.
struct DocumentRates {
  Bitrate hi = Bitrate::kbps(1000);
  Bitrate mid = Bitrate::kbps(250);
};

// What the tiles of this bridge's screen can show of the others' cameras; none: no picture.
struct TileLayers {
  std::optional<Layer> small = Layer::mid;  // of everybody
  std::optional<Layer> large;               // of whoever speaks; none: all tiles are alike
  std::optional<Layer> central;             // of the central bridge at least
};

struct BridgeConfig {
  std::vector<RosterEntry> roster;  // sorted by id; PeerId is the index
  PeerId self;
  LayerRates rates;
  // Below that the next smaller layer looks better: a fifth of the best rate, a third for mid and
  // lo.
  LayerRates least_rates{Bitrate::kbps(300), Bitrate::kbps(150), Bitrate::kbps(50)};
  DocumentRates document_rates;
  // Whoever is in hi waits for the slowest there: two seconds for a page; ten in mid.
  DocumentRates least_document_rates{Bitrate::kbps(250), Bitrate::kbps(60)};
  // Against other senders in one queue, by PeerId; absent: 1 (RFC 8867 §6.1).
  std::vector<std::uint32_t> path_weights;
  Bitrate uplink = Bitrate::kbps(100'000);  // the pacer's ceiling over all paths
  // Another one for comparison; no configuration file has it.
  rate::ControllerKind controller = rate::ControllerKind::delay;
  bool records = false;  // keep RecordBytes coming and want hi of everybody
  TileLayers tiles;
  std::uint64_t seed = 0;
};

}  // namespace diemcau::mesh
