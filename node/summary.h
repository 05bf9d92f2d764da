// The node's result as JSON: what it measured, where its recordings are, what it could not keep up
// with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "codecs/layered_encoder.h"
#include "core/quality/flow_report.h"
#include "node/recorder.h"

namespace diemcau::node {

struct Summary {
  std::string id;
  std::string name;
  double seconds = 0;
  std::string began;  // as utc_text() has it
  quality::BridgeReport report;
  std::vector<std::string> bridge_ids;  // by PeerId
  PeerId self;
  std::uint64_t late_encodes = 0;
  codecs::LayerEffort effort = codecs::LayerEffort::half_rate;  // at the end
  std::vector<RecordPart> recordings;
  std::optional<std::string> grid;  // path
  std::optional<std::string> mix;   // path
  // Frames and datagrams that were dropped inside this node, by place; zeros are printed.
  std::vector<std::pair<std::string, std::uint64_t>> drops;
};

std::string summary_json(const Summary& summary);
// Writes beside `path` and renames, so that a reader sees the whole file or none. Throws
// std::runtime_error with the reason.
void write_summary(const std::filesystem::path& path, const Summary& summary);
// Largest resident set of this process so far, in MiB.
double rss_max_mib();

}  // namespace diemcau::node
