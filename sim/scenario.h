// A scenario as plain values, checked, and the error that says where a file is wrong and what to do
// (docs/LAB.md).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/mesh/bridge_config.h"
#include "core/units/bitrate.h"
#include "core/units/time.h"
#include "sim/link.h"

namespace diemcau::sim {

struct Site {
  std::string name;
  LinkConfig up, down;
};

struct Scenario {
  std::string name;
  std::uint64_t seed = 1;
  Duration duration{};
  Duration warmup{};
  Duration meeting_start{};
  std::vector<Site> members;  // of the meeting, sorted by name
  mesh::LayerRates rates;     // hi is the meeting's video bitrate
  std::uint8_t camera_fps = 30;
  std::optional<Bitrate> uplink;  // the pacer's ceiling, from the bridge config
};

// The site of this name is the one that records and that --profile leaves alone.
constexpr std::string_view kCentral = "central";
// A roster of the whole province (105) and a stress mesh fit; more is a typing error.
constexpr std::size_t kMaxMembers = 128;

class ScenarioError : public std::runtime_error {
 public:
  ScenarioError(std::string file, unsigned line, std::string key, const std::string& problem,
                const std::string& remedy)
      : std::runtime_error(file + (line > 0 ? ":" + std::to_string(line) : "") + ": " +
                           (key.empty() ? "" : key + ": ") + problem + "; " + remedy),
        file_(std::move(file)),
        line_(line),
        key_(std::move(key)) {}
  const std::string& file() const { return file_; }
  unsigned line() const { return line_; }
  const std::string& key() const { return key_; }

 private:
  std::string file_;
  unsigned line_;
  std::string key_;
};

struct ScenarioOptions {
  std::optional<std::string> profile;  // replaces the profile of every site but the central one
  std::optional<std::uint64_t> seed;   // beats the file
};

// Reads the text of a file named from a scenario (the bridge config); nothing when it cannot be
// read.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

// Throws ScenarioError for anything that is unknown, wrong, absurd or not built yet.
Scenario parse_scenario(std::string_view text, const std::string& file_name,
                        const ScenarioOptions& options, const FileReader& read_file);
Scenario read_scenario(const std::string& path, const ScenarioOptions& options);

}  // namespace diemcau::sim
