// The Prometheus endpoint: figures are copied when somebody scrapes, from the last snapshot that
// core's thread published.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codecs/layered_encoder.h"
#include "core/quality/flow_report.h"
#include "core/units/bitrate.h"
#include "node/recorder.h"

namespace diemcau::node {

// Everything that /metrics shows. Absent figures give no series.
struct MetricsSnapshot {
  quality::BridgeReport report;
  std::vector<std::string> bridge_ids;  // by PeerId
  PeerId self;
  std::optional<RecorderFigures> recorder;
  quality::Histogram audio_encode, document_encode, audio_decode, video_decode;
  std::array<quality::Histogram, 4> video_encode;  // by Layer
  std::uint64_t underrun_samples = 0;
  std::uint64_t late_encodes = 0;
  codecs::LayerEffort effort = codecs::LayerEffort::half_rate;
  std::uint64_t queue_drops = 0;  // items that found a queue of the node full
  // Datagrams that the node refused before core, added to core's own counts, by DropReason.
  std::uint64_t dropped[static_cast<std::size_t>(quality::DropReason::count_)] = {};
};

// Serves http://ADDRESS/metrics on its own threads. publish() from one thread.
class Metrics {
 public:
  struct Build {
    std::string version, commit;
  };
  // `listen` is host:port. Throws std::runtime_error when the address cannot be bound.
  Metrics(const std::string& listen, Build build);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void publish(MetricsSnapshot snapshot);
  // The port that is served; of use when `listen` asked for port 0.
  int port() const;
  // What a scrape would get now, in Prometheus' text format.
  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
