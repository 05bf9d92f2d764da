// The record of what was received: one Matroska file (RFC 9559) per bridge and part, H.264 and Opus
// untouched.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mesh/boundary.h"
#include "core/quality/histogram.h"

namespace diemcau::node {

struct RecorderConfig {
  std::filesystem::path dir;            // made when it is missing
  std::vector<std::string> bridge_ids;  // by PeerId; name the files
  // Called on the recorder's thread when the disk refuses: bridge id and what went wrong.
  std::function<void(const std::string& bridge, const std::string& problem)> on_alarm;
  // The same when somebody's pictures begin parts so often that they wait for the next.
  std::function<void(const std::string& bridge)> on_restless;
  // When the disk's room ends within hours at the pace of the last minute, and when it was too slow
  // for so many frames (record_watch.h).
  std::function<void(std::uint64_t free_bytes, Duration lasts)> on_room_ends;
  std::function<void(std::uint64_t frames)> on_lost;
  // Called on the recorder's thread, at most once a second for each bridge: the record has nothing
  // of that stream until a key frame comes.
  std::function<void(const StreamId&)> on_key_wanted;
  std::size_t queue_bytes = 32U << 20;  // a disk that stalls 5 s under 10 bridges needs 10 MB
};

// A finished part, or one that is still being written.
struct RecordPart {
  std::string bridge;
  int part = 1;
  std::string path;
  Source source = Source::camera;
  Layer layer = Layer::only;
  double duration_s = 0;
  std::uint64_t frames = 0;  // pictures
  std::optional<double>
      av_offset_ms;   // first picture minus first sound; absent when one is missing
  std::string began;  // its time 0 by this PC's clock, as utc_text() has it
};

struct RecorderFigures {
  std::vector<bool> active;                // by PeerId: a part of camera or sound is open
  std::vector<std::uint64_t> recorded_us;  // by PeerId, over all such parts
  std::vector<std::uint64_t> bytes;        // by PeerId, on the disk, documents too
  std::uint64_t dropped = 0;  // frames that found the queue full, or their bridge's half
  std::uint64_t write_errors = 0;
  quality::Histogram sync;  // write + fdatasync of a cluster
  std::optional<std::uint64_t> disk_free_bytes;
};

// A part begins at the first key frame (sound from before it is kept), ends when another layer or
// another SPS begins, and never replaces a file: `<bridge>-p001.mkv`, `-p002`, …
// A document has files of its own, `<bridge>-document-p001.mkv`, without sound: it has pictures of
// its own size, comes and goes while the camera's part goes on, and a track never changes its SPS.
// Its part is closed soon after it was put away, and can be read from then on; the next document
// begins another.
// What the queue had no room for leaves out all pictures up to the next key frame, which is asked
// for: decoded without what they lean on they would show what nobody has seen.
// Time 0 is the first frame of the part; sound and picture share it. Every cluster (≤ 500 ms) is
// one write and one fdatasync, so a killed process loses at most the last one.
// record() and document_ended() on core's thread, everything else from anywhere.
class Recorder {
 public:
  // Throws std::runtime_error when the directory cannot be made or written.
  explicit Recorder(RecorderConfig config);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Copies the bytes; drops and counts when the queue is full.
  void record(const mesh::RecordBytes& frame);
  // That bridge has put its document away. On core's thread.
  void document_ended(PeerId bridge);
  RecorderFigures figures() const;
  // Writes what is queued, the index and the durations. Called once; record() is ignored
  // afterwards.
  std::vector<RecordPart> close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace diemcau::node
