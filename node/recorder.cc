// Which frame goes into which part; the bytes of a part are matroska.h's.
#include "node/recorder.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>
#include <tuple>

#include "node/bridge_record.h"
#include "node/byte_store.h"
#include "node/catalogue.h"
#include "node/clock.h"
#include "node/part_file.h"
#include "node/record_queue.h"
#include "node/record_watch.h"
#include "node/thread_rank.h"

namespace diemcau::node {

namespace {

constexpr auto kRest = std::chrono::milliseconds(50);  // to be woken costs more than a frame does
// Sound without a picture for this long gets a part of its own.
constexpr Duration kSoundAlone = 5s;
constexpr std::size_t kWaitingSounds = 500;  // 10 s of 20 ms
constexpr Duration kAudioFrame = 20ms;
// After a document was put away its last pictures may still be repaired.
constexpr auto kStragglers = std::chrono::seconds(1);
// One that is shown has pictures all the time: it was put away while the line was interrupted.
constexpr auto kDocumentGone = std::chrono::seconds(60);
// A capture time further off than this is a broken clock; it would tear the file apart.
constexpr Duration kSaneAge = 1h;
constexpr auto kRetryOpen = std::chrono::seconds(1);

}  // namespace

struct Recorder::Impl {
  RecorderConfig config;
  ByteStore store{512};
  RecordQueue queue;
  std::set<StreamId> gaps;            // core's thread: the newest found the queue full
  std::vector<BridgeRecord> bridges;  // recorder's thread
  std::vector<RecordPart> done;       // recorder's thread
  RecordWatch watch;                  // recorder's thread
  mutable std::mutex mutex;
  RecorderFigures shared;  // under mutex
  std::thread thread;

  explicit Impl(RecorderConfig c)
      : config(std::move(c)), queue(config.bridge_ids.size(), config.queue_bytes) {
    const std::size_t n = config.bridge_ids.size();
    bridges.resize(2 * n);  // first cameras and sound, then documents
    shared.active.assign(n, false);
    shared.recorded_us.assign(n, 0);
    shared.bytes.assign(n, 0);
  }

  void run() {
    take_rank(ThreadRank::background, "recorder");
    auto next_look = std::chrono::steady_clock::now();
    for (;;) {
      auto item = queue.pop_until(std::chrono::steady_clock::now() + kRest);
      if (item) {
        take(*item);
        store.give_back(std::move(item->bytes));
      } else if (queue.drained()) {
        break;
      }
      if (std::chrono::steady_clock::now() >= next_look) {
        look_at_disk();
        close_ended();
        settle();
        next_look = std::chrono::steady_clock::now() + std::chrono::seconds(1);
      }
    }
    for (std::size_t i = 0; i < bridges.size(); ++i) {
      if (!bridges[i].part && !bridges[i].waiting.empty()) start_sound_part(i);
      finish(i, bridges[i].previous);
      finish(i, bridges[i].part);
    }
  }

  void take(RecordItem& item) {
    const std::size_t i = item.stream.origin.value;
    if (i >= config.bridge_ids.size()) return;
    if (item.ends) {
      bridges[document_of(i)].ended_at = std::chrono::steady_clock::now();
      return;
    }
    const Duration age =
        std::chrono::steady_clock::now().time_since_epoch() - item.captured_at.time_since_epoch();
    if (age > kSaneAge || age < -kSaneAge) {
      const std::lock_guard lock(mutex);
      ++shared.dropped;
      return;
    }
    if (media_of(item.stream.source) == MediaKind::audio) {
      take_sound(i, item);
    } else if (item.stream.source == Source::camera) {
      take_picture(i, item);
    } else if (item.stream.source == Source::document) {
      bridges[document_of(i)].taken_at = std::chrono::steady_clock::now();
      take_picture(document_of(i), item);
      publish(document_of(i));
    }
    publish(i);
  }

  std::size_t document_of(std::size_t bridge) const { return bridge + config.bridge_ids.size(); }
  bool is_document(std::size_t i) const { return i >= config.bridge_ids.size(); }
  std::size_t bridge_of(std::size_t i) const { return i % config.bridge_ids.size(); }

  // What is there ends; sound waits for the part that a key frame begins, as at first.
  void go_back(std::size_t i, const RecordItem& item) {
    BridgeRecord& b = bridges[i];
    if (!b.fell_back(item) || !b.may_replace(monotonic_now())) return;
    finish(i, b.previous);
    finish(i, b.part);
  }

  void take_picture(std::size_t i, const RecordItem& item) {
    BridgeRecord& b = bridges[i];
    go_back(i, item);
    b.saw(item);
    if (item.key && b.wants_new_part(item)) start_part(i, item);
    if (!b.continues(item)) {
      if (!refused_lately(b) && b.asks_for_key(monotonic_now(), item) && config.on_key_wanted)
        config.on_key_wanted(item.stream);
      return;
    }
    OpenPart& part = *b.part;
    part.file->write_video(item.captured_at - part.base, item.key, item.bytes);
    if (!part.first_picture) part.first_picture = item.captured_at;
    const Duration step = part.last_picture ? item.captured_at - *part.last_picture : Duration{0};
    part.last_picture = item.captured_at;
    part.end = std::max(part.end, item.captured_at + std::clamp<Duration>(step, 0ms, 200ms));
    ++part.report.frames;
    after_write(i, b.part);
  }

  void take_sound(std::size_t i, RecordItem& item) {
    BridgeRecord& b = bridges[i];
    go_back(i, item);
    if (!b.part) {
      // Those of the clock that was wrong have no place in the next part.
      if (!b.waiting.empty() && b.waiting.back().captured_at - item.captured_at > kSoundAlone)
        b.waiting.clear();
      if (b.waiting.size() >= kWaitingSounds) b.waiting.pop_front();
      b.waiting.push_back(std::move(item));
      if (b.waiting.back().captured_at - b.waiting.front().captured_at > kSoundAlone)
        start_sound_part(i);
      return;
    }
    if (item.captured_at >= b.part->base) finish(i, b.previous);
    write_sound(i, item.captured_at < b.part->base ? b.previous : b.part, item);
  }

  void write_sound(std::size_t i, std::optional<OpenPart>& part, const RecordItem& item) {
    if (!part) return;
    part->file->write_audio(item.captured_at - part->base, item.bytes);
    if (!part->first_sound) part->first_sound = item.captured_at;
    part->last_sound = item.captured_at;
    part->end = std::max(part->end, item.captured_at + kAudioFrame);
    after_write(i, part);
  }

  void start_part(std::size_t i, const RecordItem& key) {
    const auto video = video_track_of(key.bytes);
    if (!video) return;  // a key frame without parameter sets cannot begin a file
    BridgeRecord& b = bridges[i];
    Timestamp base = key.captured_at;
    if (!b.waiting.empty()) base = std::min(base, b.waiting.front().captured_at);
    auto part = open(i, key.stream.layer, base, video);
    if (!part) return;
    finish(i, b.previous);
    b.previous = std::move(b.part);
    b.part = std::move(part);
    b.switching_to.reset();
    b.ended_at.reset();
    if (is_document(i)) finish(i, b.previous);  // no sound is waited for
    drain_waiting(i);
  }

  void start_sound_part(std::size_t i) {
    BridgeRecord& b = bridges[i];
    b.part = open(i, Layer::only, b.waiting.front().captured_at, std::nullopt);
    if (b.part) drain_waiting(i);
  }

  void drain_waiting(std::size_t i) {
    BridgeRecord& b = bridges[i];
    for (const RecordItem& item : b.waiting) write_sound(i, b.part, item);
    b.waiting.clear();
  }

  static bool refused_lately(const BridgeRecord& b) {
    return b.refused_at && std::chrono::steady_clock::now() - *b.refused_at < kRetryOpen;
  }

  std::optional<OpenPart> open(std::size_t i, Layer layer, Timestamp base,
                               const std::optional<MatroskaVideo>& video) {
    BridgeRecord& b = bridges[i];
    if (refused_lately(b)) return std::nullopt;
    const auto now = std::chrono::steady_clock::now();
    if (b.part && !b.may_replace(monotonic_now())) {
      b.refused_at = now;
      if (config.on_restless && b.may_tell(monotonic_now()))
        config.on_restless(config.bridge_ids[bridge_of(i)]);
      return std::nullopt;
    }
    const std::string id = config.bridge_ids[bridge_of(i)] + (is_document(i) ? "-document" : "");
    const PartFile file = make_part_file(config.dir, id, b.next_number);
    b.next_number = file.number;
    if (file.fd < 0) {
      b.refused_at = now;
      alarm(i, file.problem);
      return std::nullopt;
    }
    OpenPart part;
    part.report.bridge = config.bridge_ids[bridge_of(i)];
    part.report.source = is_document(i) ? Source::document : Source::camera;
    part.report.part = b.next_number++;
    part.report.path = file.path;
    part.report.layer = layer;
    part.base = part.end = base;
    if (video) part.headers = video->headers;
    part.report.began = utc_text(utc_at(base));
    part.file = std::make_unique<MatroskaFile>(
        file.fd, MatroskaFile::Options{video, !is_document(i), true, id + " " + name_of(layer),
                                       part.report.began});
    return part;
  }

  // A failed file is never written again (Rebello et al., ATC '20): the next key frame begins a new
  // one.
  void after_write(std::size_t i, std::optional<OpenPart>& part) {
    if (const auto took = part->file->take_sync_time()) {
      const std::lock_guard lock(mutex);
      shared.sync.add(*took);
    }
    if (!part->file->failed()) return;
    const std::string reason = std::strerror(part->file->error());
    const std::string path = part->report.path;
    bridges[i].refused_at = std::chrono::steady_clock::now();
    finish(i, part);
    alarm(i, "cannot write " + path + ": " + reason);
  }

  void finish(std::size_t i, std::optional<OpenPart>& part) {
    if (!part) return;
    const bool failed_before = part->file->failed();
    if (!part->file->close() && !failed_before)
      alarm(i, "cannot close " + part->report.path + ": " + std::strerror(part->file->error()));
    publish_part(i, *part);
    if (part->file->bytes_written() > 0) {
      done.push_back(report_of(*part));
      bridges[i].finished += part->end - part->base;
    } else {
      // Of a full disk: the name is free again, for when there is room.
      ::unlink(part->report.path.c_str());
      bridges[i].next_number = std::min(bridges[i].next_number, part->report.part);
    }
    part.reset();
  }

  void close_ended() {
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t i = config.bridge_ids.size(); i < bridges.size(); ++i) {
      BridgeRecord& b = bridges[i];
      const bool ended = b.ended_at && now - *b.ended_at >= kStragglers;
      const bool gone = b.taken_at && now - *b.taken_at >= kDocumentGone;
      if (!ended && !gone) continue;
      finish(i, b.part);
      b.taken_at.reset();
      b.ended_at.reset();
    }
  }

  void settle() {
    for (std::size_t i = 0; i < bridges.size(); ++i) {
      for (std::optional<OpenPart>* part : {&bridges[i].previous, &bridges[i].part}) {
        if (!*part) continue;
        (*part)->file->settle();
        after_write(i, *part);
      }
    }
  }

  static RecordPart report_of(const OpenPart& part) {
    RecordPart report = part.report;
    report.duration_s = static_cast<double>(to_ns(part.end - part.base)) / 1e9;
    if (part.first_picture && part.first_sound)
      report.av_offset_ms = to_ms_double(*part.first_picture - *part.first_sound);
    return report;
  }

  void publish_part(std::size_t i, OpenPart& part) {
    const std::lock_guard lock(mutex);
    shared.bytes[bridge_of(i)] += part.file->bytes_written() - part.bytes_told;
    part.bytes_told = part.file->bytes_written();
    if (is_document(i)) return;
    // All parts of this bridge so far; the last one is counted while it grows.
    const std::int64_t us = to_us(bridges[i].finished + (part.end - part.base));
    // Never back: two parts of one bridge are open for a moment at a border.
    auto& told = shared.recorded_us[i];
    told = std::max(told, static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)));
  }

  void publish(std::size_t i) {
    if (bridges[i].part) publish_part(i, *bridges[i].part);
    if (is_document(i)) return;
    const std::lock_guard lock(mutex);
    shared.active[i] = bridges[i].part.has_value();
  }

  void look_at_disk() {
    struct statvfs at {};
    const bool known = ::statvfs(config.dir.c_str(), &at) == 0;
    const std::uint64_t free_bytes = std::uint64_t{at.f_bavail} * at.f_frsize;
    std::uint64_t written = 0;
    {
      const std::lock_guard lock(mutex);
      shared.disk_free_bytes.reset();
      if (known) shared.disk_free_bytes = free_bytes;
      written = std::accumulate(shared.bytes.begin(), shared.bytes.end(), std::uint64_t{0});
    }
    const Timestamp now = monotonic_now();
    const auto lasts = known ? watch.room_lasts(now, free_bytes, written) : std::nullopt;
    if (lasts && config.on_room_ends) config.on_room_ends(free_bytes, *lasts);
    const auto news = watch.lost(now, queue.dropped());
    if (news && config.on_lost) config.on_lost(*news);
  }

  void alarm(std::size_t i, const std::string& problem) {
    {
      const std::lock_guard lock(mutex);
      ++shared.write_errors;
    }
    if (config.on_alarm) config.on_alarm(config.bridge_ids[bridge_of(i)], problem);
  }
};

Recorder::Recorder(RecorderConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {
  const auto& dir = impl_->config.dir;
  std::error_code failed;
  std::filesystem::create_directories(dir, failed);
  if (failed) fail<Text::folder_unwritable>(dir.string(), failed.message());
  if (::access(dir.c_str(), W_OK) != 0)
    fail<Text::folder_unwritable>(dir.string(), std::strerror(errno));
  impl_->thread = std::thread([this] { impl_->run(); });
}
Recorder::~Recorder() { close(); }

void Recorder::record(const mesh::RecordBytes& frame) {
  const ByteSpan bytes = frame.media.bytes;
  if (bytes.empty() || frame.stream.origin.value >= impl_->config.bridge_ids.size()) return;
  RecordItem item{frame.stream, frame.key, frame.captured_at, impl_->store.copy(bytes)};
  item.after_gap = impl_->gaps.contains(frame.stream);
  if (!impl_->queue.leave(std::move(item))) {
    impl_->gaps.insert(frame.stream);
  } else if (!impl_->gaps.empty()) {
    impl_->gaps.erase(frame.stream);
  }
}

void Recorder::document_ended(PeerId bridge) {
  impl_->queue.leave(RecordItem{{bridge, Source::document, Layer::only}, false, {}, {}, true});
}

RecorderFigures Recorder::figures() const {
  const std::lock_guard lock(impl_->mutex);
  RecorderFigures figures = impl_->shared;
  figures.dropped += impl_->queue.dropped();
  return figures;
}

std::vector<RecordPart> Recorder::close() {
  impl_->queue.close();
  if (impl_->thread.joinable()) impl_->thread.join();
  auto parts = std::move(impl_->done);
  impl_->done.clear();
  std::sort(parts.begin(), parts.end(), [](const RecordPart& a, const RecordPart& b) {
    return std::tie(a.bridge, a.source, a.part) < std::tie(b.bridge, b.source, b.part);
  });
  impl_->shared.active.assign(impl_->shared.active.size(), false);
  return parts;
}

}  // namespace diemcau::node
