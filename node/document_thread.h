// From a document to encoded frames: one thread follows the source, one looks at it ten times a
// second and encodes what it sees.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/mesh/boundary.h"
#include "core/quality/histogram.h"
#include "node/encoder_thread.h"
#include "node/stage.h"

namespace diemcau::codecs {
class MediaSource;
}

namespace diemcau::node {

struct DocumentThreadConfig {
  PeerId self;
  // Called from the threads here.
  std::function<void(EncodedVideo)> post_video;
  std::vector<Stage*> previews;  // get every captured picture as on_picture(origin = self)
};

struct DocumentFigures {
  quality::Histogram encode;   // one frame, one layer
  std::uint64_t pictures = 0;  // captured
};

// One document after the other, with pauses: frame numbers and figures go on through all of them.
// A source may give pictures at any rate, as a document camera or a film of slides does: the newest
// is what is on the desk. Its sound is not used, and when it ends its last picture stays. While
// there is no source nothing is looked at or encoded.
// set() from core's thread, takes effect with the next frame encoded; show(), put_away() and stop()
// from one thread at a time, and they may wait for a source to let go.
class DocumentThread {
 public:
  explicit DocumentThread(DocumentThreadConfig config);
  ~DocumentThread();
  DocumentThread(const DocumentThread&) = delete;
  DocumentThread& operator=(const DocumentThread&) = delete;

  // In place of what was shown before.
  void show(std::unique_ptr<codecs::MediaSource> source);
  void put_away();
  void set(const mesh::SetEncoder& state);
  DocumentFigures figures() const;
  // Ends the threads; nothing is posted afterwards.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
