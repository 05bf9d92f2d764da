// Any text is a measured line or a ScenarioError; a line that was accepted can be driven.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sim/link.h"
#include "sim/scenario_error.h"
#include "sim/trace_files.h"

namespace {

using namespace diemcau;

// Packets at the beginning and around the end of an hour; times of arrival never go back.
void drive(const sim::LinkConfig& config) {
  sim::Link link{config, {1, 0, 24h}};
  Timestamp latest;
  for (const std::int64_t s : {0, 0, 1, 2, 3'600, 3'600, 3'601}) {
    const Timestamp now{Duration{s * 1'000'000'000}};
    const auto r = link.send(now, ByteCount::bytes(1200));
    if (r.passage != sim::Passage::carried) continue;
    if (r.arrives_at < now || r.arrives_at < latest) std::abort();
    latest = r.arrives_at;
  }
}

void read(char kind, std::string_view text) {
  sim::LinkConfig config;
  if (kind == 'o') {
    config.capacity = sim::parse_opportunities(text, "fuzz");
  } else if (kind == 'r') {
    config.capacity = sim::parse_rates(text, "fuzz");
  } else {
    config.capacity.rate = Bitrate::kbps(1'000);
    const auto trace = std::make_shared<const sim::Trace>(sim::parse_probe(text, "fuzz"));
    config.delay.trace = trace;
    config.loss = {sim::LossConfig::Kind::trace, 0, 0, 0, 0, {}, {}, trace};
  }
  drive(config);
}

}  // namespace

// The first byte says which reader: o, r, or anything else for a probe's file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(data + 1, data + size);
  try {
    read(static_cast<char>(data[0]), text);
  } catch (const sim::ScenarioError& e) {
    if (std::string_view{e.what()}.empty()) std::abort();
  }
  return 0;
}
