// `diemcau-node probe`: measures the line to another bridge, packet by packet, for the lab to
// replay.
#pragma once

#include <filesystem>
#include <string>

#include "node/catalogue.h"
#include "node/config.h"

namespace diemcau::node {

struct ProbeOptions {
  std::string peer;  // roster id
  int seconds = 60;
  std::filesystem::path out;  // direction to us
  bool json = false;
};

// FILE.csv → FILE-to-peer.csv
std::filesystem::path other_direction(const std::filesystem::path& out);

// Exit code: 0 measured, 1 the peer does not answer. Throws OperatorError for bad input.
int run_probe(const Config& config, const ProbeOptions& options, Language language);

}  // namespace diemcau::node
