// What is open of one bridge's record, and which of its pictures can be written.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/token_bucket.h"
#include "core/units/ids.h"
#include "core/units/time.h"
#include "node/matroska.h"
#include "node/recorder.h"

namespace diemcau::node {

struct RecordItem {
  StreamId stream;
  bool key = false;
  Timestamp captured_at;
  std::vector<std::uint8_t> bytes;
  bool ends = false;       // no frame: the document has been put away
  bool after_gap = false;  // what its stream had before it found the queue full
};

struct OpenPart {
  RecordPart report;
  std::unique_ptr<MatroskaFile> file;
  std::vector<std::uint8_t> headers;  // of its video; empty: sound alone
  Timestamp base;
  Timestamp end;
  std::optional<Timestamp> first_picture, last_picture, first_sound, last_sound;
  bool torn = false;  // a picture is missing on which the next ones lean
  std::uint64_t bytes_told = 0;
};

// Of a bridge's camera and sound, or of its documents. On the recorder's thread.
struct BridgeRecord {
  std::optional<OpenPart> part;
  // Kept open until sound has passed the border: sound and picture do not arrive at the same time.
  std::optional<OpenPart> previous;
  std::deque<RecordItem> waiting;                      // sound from before the first part
  std::array<std::optional<Timestamp>, 4> layer_seen;  // by Layer
  std::optional<Layer> switching_to;
  int next_number = 1;
  Duration finished{};  // all parts that are
  std::optional<std::chrono::steady_clock::time_point> refused_at;
  std::optional<std::chrono::steady_clock::time_point> taken_at, ended_at;  // of a document

  // Every picture, before anything else is asked of it.
  void saw(const RecordItem& picture);
  bool wants_new_part(const RecordItem& key) const;
  // Whether it goes into the part that is open: a gap leaves out what follows it up to a key frame.
  bool continues(const RecordItem& picture);
  // Of one that does not: whether the record has no pictures until a key frame of its stream comes,
  // and it is time to ask for that.
  bool asks_for_key(Timestamp now, const RecordItem& picture);
  // Its time lies so far before the last one of its kind that a clock was wrong: written into that
  // part it would be squeezed into no time.
  bool fell_back(const RecordItem& item) const;
  // A part may be opened that replaces another.
  bool may_replace(Timestamp now) { return parts_.take(now); }
  // And when it may not, whether that is to be told: once a minute.
  bool may_tell(Timestamp now) { return tellings_.take(now); }

 private:
  static constexpr Duration kFirstPatience = 1s;
  // Of parts that replace another, each some syncs of the disk: who changes all the time must not
  // hold up the others' record. A meeting begins with some, and changes a few times a minute.
  static constexpr int kPartsAtOnce = 20;
  static constexpr Duration kPartEach = 2s;

  TokenBucket parts_{kPartsAtOnce, kPartEach}, tellings_{1, 1min};
  std::optional<Timestamp> whole_since_;  // the key frame since which nothing has been left out
  std::optional<Timestamp> asked_at_;     // local clock
  Duration patience_ = kFirstPatience;
};

}  // namespace diemcau::node
