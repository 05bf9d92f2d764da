// A scenario as plain values, checked, and the error that says where a file is wrong and what to do
// (docs/LAB.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/mesh/bridge_config.h"
#include "core/units/bitrate.h"
#include "core/units/byte_count.h"
#include "core/units/time.h"
#include "sim/cross_keys.h"
#include "sim/line_keys.h"
#include "sim/link.h"
#include "sim/scenario_error.h"

namespace diemcau::sim {

// The camera is covered and the microphone off.
struct MediaPause {
  Duration from{}, to{};
};

// A document is shown: one page after the other, of so many bytes each.
struct DocumentShown {
  Duration from{}, to{};
  Duration turn = 10s;
  ByteCount page = ByteCount::bytes(70'000);
};

// From `at` on the wall clock is `by` further than before, as after a step of NTP.
struct WallStep {
  Duration at{}, by{};
};

struct Site {
  std::string name;
  LinkConfig up, down;
  // Shared segments between its line and the others', as numbers of Scenario::segments: from the
  // site outwards.
  std::vector<std::uint32_t> via;
  std::string parent;                      // for reports; may be empty
  std::vector<std::uint16_t> meetings{0};  // by their order in the file
  Duration joins{};                        // after the start of the run
  std::optional<Duration> leaves;
  std::vector<MediaPause> pauses;
  std::vector<DocumentShown> documents;  // in order of time, none in another
  std::uint32_t weight = 1;              // of what it sends, against what others send
  std::int64_t skew_ppm = 0;             // of its machine's clock
  std::uint32_t decode_load = 1;         // decoding takes so many times as long as measured
  std::vector<WallStep> wall_steps;
};

// [link.…]: one segment that several sites share; `up` leads away from the sites.
struct SharedSegment {
  std::string name;
  LinkConfig up, down;
};

// Who speaks in a meeting from then on; the others are silent but for their rooms.
struct SpeakerTurn {
  Duration at{};
  std::uint16_t meeting = 0;
  std::uint16_t member = 0;
};

struct Scenario {
  std::string name;
  std::uint64_t seed = 1;
  Duration duration{};
  Duration warmup{};
  std::vector<Site> members;  // of any meeting, sorted by name
  std::vector<SharedSegment> segments;
  std::vector<CrossConfig> cross;
  std::vector<SpeakerTurn>
      turns;               // of each meeting in order of time; none: everybody talks in spurts
  mesh::LayerRates rates;  // hi is the meeting's video bitrate
  mesh::LayerRates least_rates = mesh::BridgeConfig{}.least_rates;
  mesh::DocumentRates document_rates;
  std::uint8_t camera_fps = 30;
  std::optional<Bitrate> uplink;  // the pacer's ceiling, from the bridge config
  rate::ControllerKind controller = rate::ControllerKind::delay;  // no file says
  bool ideal_host = false;  // its PCs add nothing: no lateness, no hand-overs
  mesh::TileLayers tiles;   // what members take of each other
};

// Two bridges are linked when they share a meeting.
bool meet(const Site& a, const Site& b);
// By the turns of its meetings; nothing when they have none.
std::optional<bool> has_floor(const Scenario& scenario, std::uint16_t member, Timestamp now);

// The site of this name is the one that records and that --profile leaves alone.
constexpr std::string_view kCentral = "central";
// A roster of the whole province (105) and a stress mesh fit; more is a typing error.
constexpr std::size_t kMaxMembers = 128;

struct ScenarioOptions {
  std::optional<std::string> profile;  // replaces the profile of every site but the central one
  std::optional<std::uint64_t> seed;   // beats the file
  bool ideal_host = false;
};

// Throws ScenarioError for anything that is unknown, wrong, absurd or not built yet.
Scenario parse_scenario(std::string_view text, const std::string& file_name,
                        const ScenarioOptions& options, const FileReader& read_file);
Scenario read_scenario(const std::string& path, const ScenarioOptions& options);

}  // namespace diemcau::sim
