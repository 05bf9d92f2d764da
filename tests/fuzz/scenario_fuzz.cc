// Any text is a scenario or a ScenarioError; a scenario that was accepted keeps its promises.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sim/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  // The text after the first NUL is the bridge config, so that both readers are reached.
  const std::size_t border = text.find('\0');
  const std::string config = border == text.npos ? "" : text.substr(border + 1);
  try {
    const auto scenario =
        diemcau::sim::parse_scenario(std::string_view{text}.substr(0, border), "fuzz.toml", {},
                                     [&](const std::string&) { return config; });
    const bool kept = scenario.members.size() >= 2 &&
                      scenario.members.size() <= diemcau::sim::kMaxMembers &&
                      scenario.warmup < scenario.duration && scenario.camera_fps >= 1;
    if (!kept) std::abort();
    for (const auto& site : scenario.members) {
      for (const auto* line : {&site.up, &site.down}) {
        if (!line->queue_bytes && !line->queue_time) std::abort();
        const diemcau::sim::Link link{*line, {scenario.seed, 0, scenario.duration}};
      }
    }
  } catch (const diemcau::sim::ScenarioError& e) {
    if (std::string_view{e.what()}.empty()) std::abort();
  }
  return 0;
}
