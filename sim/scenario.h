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
  std::string parent;  // for reports; may be empty
  Duration joins{};    // after the start of the run
  std::optional<Duration> leaves;
  std::vector<MediaPause> pauses;  // in order of time
  std::int64_t weight = 1;         // of what it sends, against what others send
  std::int64_t skew_ppm = 0;       // of its machine's clock
  std::vector<WallStep> wall_steps;
};

// [link.…]: one segment that several sites share; `up` leads away from the sites.
struct SharedSegment {
  std::string name;
  LinkConfig up, down;
};

// Who speaks from then on; the others are silent but for their rooms.
struct SpeakerTurn {
  Duration at{};
  std::uint16_t member = 0;
};

struct Scenario {
  std::string name;
  std::uint64_t seed = 1;
  Duration duration{};
  Duration warmup{};
  std::vector<Site> members;  // of the meeting, sorted by name
  std::vector<SharedSegment> segments;
  std::vector<CrossConfig> cross;
  std::vector<SpeakerTurn> turns;            // none: everybody talks in spurts
  mesh::LayerRates rates;                    // hi is the meeting's video bitrate
  Bitrate least_video = Bitrate::kbps(150);  // below which hi is not worth sending
  std::uint8_t camera_fps = 30;
  std::optional<Bitrate> uplink;  // the pacer's ceiling, from the bridge config
  std::optional<Layer> view;      // what members take of each other; nothing: the bridge's default
};

// By the scenario's turns; nothing when it has none.
std::optional<bool> has_floor(const Scenario& scenario, std::uint16_t member, Timestamp now);

// The site of this name is the one that records and that --profile leaves alone.
constexpr std::string_view kCentral = "central";
// A roster of the whole province (105) and a stress mesh fit; more is a typing error.
constexpr std::size_t kMaxMembers = 128;

struct ScenarioOptions {
  std::optional<std::string> profile;  // replaces the profile of every site but the central one
  std::optional<std::uint64_t> seed;   // beats the file
};

// Throws ScenarioError for anything that is unknown, wrong, absurd or not built yet.
Scenario parse_scenario(std::string_view text, const std::string& file_name,
                        const ScenarioOptions& options, const FileReader& read_file);
Scenario read_scenario(const std::string& path, const ScenarioOptions& options);

}  // namespace diemcau::sim
