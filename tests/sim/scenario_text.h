// A valid scenario for tests to bend.
#pragma once

#include <string>

#include "sim/scenario.h"

namespace diemcau::sim {

inline const std::string kSmallScenario = R"(version = 1
name = "small"
seed = 7
duration = "4s"
warmup = "1s"

[profile.office]
up = { rate = "20Mbit/s", delay = "6ms", queue = "120ms", overhead = 38 }
down = { rate = "50Mbit/s", delay = "6ms", queue = "120ms" }
loss = { model = "iid", mean = 0.001 }

[site.central]
profile = "office"
up = { rate = "200Mbit/s" }

[group.district]
count = 2
name = "district-%02d"
profile = "office"

[[meeting]]
start = "0s"
members = ["central", "district-*"]
video = { bitrate = "1Mbit/s", fps = 25 }
audio = { bitrate = "32kbit/s", frame = "20ms" }
)";

inline Scenario parse_text(const std::string& text, const ScenarioOptions& options = {}) {
  return parse_scenario(text, "s.toml", options, [](const std::string&) { return std::nullopt; });
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("nothing to replace: " + from);
  return text.replace(at, from.size(), to);
}

// What the reader says of a wrong scenario.
inline std::string complaint(const std::string& text, const ScenarioOptions& options = {}) {
  try {
    static_cast<void>(parse_text(text, options));
  } catch (const ScenarioError& e) {
    return e.what();
  }
  return "accepted";
}

}  // namespace diemcau::sim
