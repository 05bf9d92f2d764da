// What a scenario may say of one direction of a line, and how such sayings build on each other.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/config_table.h"
#include "sim/link.h"

namespace diemcau::sim {

// Reads the text of a file named from another (a trace, a profile); nothing when it cannot be read.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

// Nothing where the text is silent.
struct LineDraft {
  std::optional<CapacityConfig> capacity;
  std::optional<Duration> delay;
  std::optional<Duration> queue_time;
  std::optional<ByteCount> queue_bytes;
  std::optional<LinkConfig::Discipline> discipline;
  std::optional<CoDelConfig> codel;
  std::optional<PolicerConfig> policer;
  std::optional<LossConfig> loss;
  std::optional<bool> loss_at_ingress;
  std::shared_ptr<const Trace> replay;
  std::optional<JitterConfig> jitter;
  std::optional<DelayConfig::Spikes> spikes;
  std::optional<std::uint64_t> reorder_parts, duplicate_parts, corrupt_parts;
  std::optional<Duration> reorder_by;
  std::optional<std::vector<OutageConfig>> outages;
  std::optional<std::uint32_t> overhead;

  void override_with(const LineDraft& o);
};

struct ProfileDraft {
  LineDraft up, down;
  void override_with(const ProfileDraft& o) {
    up.override_with(o.up);
    down.override_with(o.down);
  }
};

// Keys that hold for both directions when they stand beside `up` and `down`.
const std::vector<std::string>& weather_keys();
// `up`, `down` and what holds for both, of a profile, a site or a group.
ProfileDraft read_line_keys(const ConfigTable& t, const FileReader& read_file);
// One direction; keys as in `up`. For [link.…] too.
LineDraft read_line(const ConfigTable& t, const FileReader& read_file,
                    const std::vector<std::string>& more_keys = {});
// Complete, or an error at `t` under `key`.
LinkConfig finish_line(const LineDraft& draft, const ConfigTable& t, const std::string& key);

}  // namespace diemcau::sim
