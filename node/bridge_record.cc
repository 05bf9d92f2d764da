// Switches of layers, gaps and key frames, as a record sees them.
#include "node/bridge_record.h"

#include <algorithm>

namespace diemcau::node {

namespace {
// A layer that was silent this long has stopped; when it comes back, that is a switch.
constexpr Duration kLayerGone = 1s;
// Then another layer's key frame is a switch. A document's pictures are 200 ms apart by themselves.
Duration missing_for(Source s) { return s == Source::document ? kLayerGone : 150ms; }
// Then another layer is what there is, key frame or not: longer than a move between two takes.
constexpr Duration kStranded = 1s;
// On a disk that is full every bridge would make key frames for a record that cannot take them.
constexpr Duration kMostPatience = 64s;
// What was held up, or repaired late, is less behind.
constexpr Duration kFallsBack = 3s;
// A part that has lasted so long is written.
constexpr Duration kHelped = 10s;
}  // namespace

void BridgeRecord::saw(const RecordItem& picture) {
  const Layer layer = picture.stream.layer;
  auto& seen = layer_seen[static_cast<std::size_t>(layer)];
  const bool begins = !seen || picture.captured_at - *seen > kLayerGone;
  seen = picture.captured_at;
  if (begins && part && part->report.layer != layer) switching_to = layer;
}

bool BridgeRecord::wants_new_part(const RecordItem& key) const {
  if (!part || part->headers.empty() || ended_at) return true;
  if (part->report.layer == key.stream.layer) {
    const auto video = video_track_of(key.bytes);
    return video && video->headers != part->headers;
  }
  // An old layer that still runs beside the new one must not take the record back.
  const auto& running = layer_seen[static_cast<std::size_t>(part->report.layer)];
  return switching_to == key.stream.layer || !running ||
         key.captured_at - *running > missing_for(key.stream.source);
}

bool BridgeRecord::continues(const RecordItem& picture) {
  if (!part || part->headers.empty() || part->report.layer != picture.stream.layer) return false;
  if (picture.key && (part->torn || !part->first_picture)) whole_since_ = picture.captured_at;
  part->torn = !picture.key && (part->torn || picture.after_gap);
  if (part->torn || (!part->first_picture && !picture.key)) return false;
  if (whole_since_ && picture.captured_at - *whole_since_ > kHelped) patience_ = kFirstPatience;
  return true;
}

bool BridgeRecord::fell_back(const RecordItem& item) const {
  if (!part) return false;
  const bool sound = media_of(item.stream.source) == MediaKind::audio;
  const auto& last = sound ? part->last_sound : part->last_picture;
  return last && item.captured_at < *last - kFallsBack;
}

bool BridgeRecord::asks_for_key(Timestamp now, const RecordItem& picture) {
  if (picture.key) return false;
  if (part && !part->headers.empty() && part->report.layer != picture.stream.layer) {
    const auto& running = layer_seen[static_cast<std::size_t>(part->report.layer)];
    if (running && picture.captured_at - *running <= kStranded) return false;
  }
  if (asked_at_ && now - *asked_at_ < patience_) return false;
  if (asked_at_) patience_ = std::min(2 * patience_, kMostPatience);
  asked_at_ = now;
  return true;
}

}  // namespace diemcau::node
