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

struct Site {
  std::string name;
  LinkConfig up, down;
  // Shared segments between its line and the others', as numbers of Scenario::segments: from the
  // site outwards.
  std::vector<std::uint32_t> via;
  std::string parent;  // for reports; may be empty
  Duration joins{};    // after the start of the run
  std::optional<Duration> leaves;
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
  std::vector<SpeakerTurn> turns;  // none: everybody talks in spurts
  mesh::LayerRates rates;          // hi is the meeting's video bitrate
  std::uint8_t camera_fps = 30;
  std::optional<Bitrate> uplink;  // the pacer's ceiling, from the bridge config
  bool ideal_host = false;        // its PCs add nothing: no lateness, no hand-overs
  std::optional<Layer> view;      // what members take of each other; nothing: the bridge's default
};

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
