// A new picture in any tile makes the board painted, encoded and written, with the sound up to it.
#include "node/grid.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "codecs/picture.h"
#include "node/bounded_queue.h"
#include "node/clock.h"
#include "node/matroska.h"
#include "node/mix.h"
#include "node/part_file.h"
#include "node/room_encoder.h"
#include "node/thread_rank.h"
#include "node/tile_board.h"

namespace diemcau::node {

namespace {

constexpr Duration kIdle = 100ms;          // sound goes on and the picture is written again
constexpr Duration kClosest = 34ms;        // 30 a second, as the file says
constexpr Duration kGather = 4ms;          // pictures of the same instant come one after the other
constexpr std::size_t kQueueTicks = 1000;  // 10 s of sound
constexpr std::size_t kSoundsBeforePicture = 200;  // packets of 20 ms, until the file has begun

struct SoundTick {
  Timestamp at;
  MixTick mix;
};
struct SoundPacket {
  Timestamp at;
  std::vector<std::uint8_t> bytes;
};

}  // namespace

struct Grid::Impl {
  struct Seen {
    std::shared_ptr<const codecs::Picture> picture;
    TileState state = TileState::waiting;
  };
  GridConfig config;
  Timestamp base = monotonic_now();
  Duration interval;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Seen> seen;                     // under mutex, by PeerId
  std::optional<std::size_t> speaker, large;  // under mutex
  struct Page {
    std::size_t bridge;
    std::shared_ptr<const codecs::Picture> picture;
  };
  std::vector<Page> documents;             // under mutex: those that are shown, the newest last
  std::optional<Timestamp> changed_since;  // under mutex: first change that is not painted
  bool stopping = false;                   // under mutex
  BoundedQueue<SoundTick> sounds{kQueueTicks};
  std::atomic<std::uint64_t> pictures{0}, samples{0}, dropped{0}, write_errors{0};

  // Of the grid's thread.
  int grid_fd = -1;
  std::optional<WavFile> wav;
  std::optional<TileBoard> board;
  std::optional<RoomEncoder> encoder;
  std::unique_ptr<MatroskaFile> file;
  std::vector<SoundPacket> before_file;
  std::vector<std::filesystem::path> alarmed;
  std::vector<std::int16_t> waiting_samples;
  std::optional<Timestamp> waiting_since;
  Timestamp last_painted = base - 1s;
  std::thread thread;

  explicit Impl(GridConfig c) : config(std::move(c)), interval(1'000'000'000 / config.max_fps) {
    seen.resize(config.names.size());
    // Before anybody has spoken: the first of the others.
    if (seen.size() > 1) large = config.self.value == 0 ? 1 : 0;
    if (!config.grid.empty()) {
      board.emplace(TileBoard::Config{config.width, config.height, config.names,
                                      config.waiting_text, config.lost_text, config.document_text,
                                      config.arrangement});
      encoder.emplace(config.width & ~1, config.height & ~1);
    }
    if (!config.mix.empty()) wav.emplace(config.mix);
    if (!config.grid.empty()) grid_fd = make_whole_file(config.grid);
    thread = std::thread([this] { run(); });
  }
  ~Impl() {
    if (grid_fd >= 0) ::close(grid_fd);
  }

  void run() {
    take_rank(ThreadRank::background, "grid");
    Timestamp painted = base - interval;
    while (const auto at = wait_for_change(painted)) {
      take_sounds();
      painted = monotonic_now();  // without a picture too: the next wait counts from here
      if (board) paint(std::max(*at, base));
    }
    take_sounds();
    if (file && !file->close()) refused(config.grid);
  }

  // The time of the first change since the board was painted, or now when nothing changed for a
  // while; nothing at the end. Changes that come together are painted together.
  std::optional<Timestamp> wait_for_change(Timestamp painted) {
    std::unique_lock lock(mutex);
    const auto until = [&](Timestamp t, auto ready) {
      changed.wait_until(lock, std::chrono::steady_clock::time_point{t.time_since_epoch()}, ready);
    };
    until(painted + kIdle, [this] { return stopping || changed_since.has_value(); });
    const Timestamp calm = std::max(painted + interval, monotonic_now() + kGather);
    if (!stopping && changed_since) until(calm, [this] { return stopping; });
    if (stopping) return std::nullopt;
    const Timestamp at = changed_since.value_or(monotonic_now());
    changed_since.reset();
    for (std::size_t i = 0; board && i < seen.size(); ++i) {
      board->set_picture(i, seen[i].picture);
      board->set_state(i, seen[i].state);
    }
    if (board && speaker) board->set_speaker(*speaker);
    if (board && large) board->set_large(*large);
    if (board && documents.empty()) board->set_document(std::nullopt, nullptr);
    if (board && !documents.empty())
      board->set_document(documents.back().bridge, documents.back().picture);
    return at;
  }

  // With the mutex held, as all below. Pictures that come after the document was put away are late.
  void turn_page(const ShownPicture& shown) {
    for (Page& page : documents) {
      if (page.bridge != shown.origin.value || page.picture == shown.picture) continue;
      page.picture = shown.picture;
      change(shown.shown_at);
    }
  }

  void change(Timestamp at) {
    if (!changed_since) changed_since = at;
    changed.notify_one();
  }

  void take_sounds() {
    while (auto tick = sounds.try_pop()) {
      const auto mix = tick->mix.samples();
      if (wav && !wav->write(mix)) refused(config.mix);
      samples += mix.size();
      if (!encoder) continue;
      if (!waiting_since) waiting_since = tick->at;
      waiting_samples.insert(waiting_samples.end(), mix.begin(), mix.end());
      if (waiting_samples.size() < RoomEncoder::kFrameSamples) continue;
      write_sound(*waiting_since, encoder->encode(waiting_samples));
      waiting_samples.clear();
      waiting_since.reset();
    }
  }

  void write_sound(Timestamp at, ByteSpan packet) {
    if (packet.empty()) return;
    if (file) {
      if (!file->write_audio(at - base, packet)) refused(config.grid);
      return;
    }
    if (before_file.size() < kSoundsBeforePicture)
      before_file.push_back({at, {packet.begin(), packet.end()}});
  }

  void paint(Timestamp at) {
    // Programs that write at a fixed rate complain about two pictures within one of its steps.
    at = std::max(at, last_painted + kClosest);
    last_painted = at;
    const auto encoded = encoder->encode(board->paint(), at - base);
    if (encoded.access_unit.empty()) {
      ++dropped;
      return;
    }
    if (!file && encoded.key) begin_file(encoded.access_unit);
    if (!file) return;
    if (!file->write_video(at - base, encoded.key, encoded.access_unit)) refused(config.grid);
    ++pictures;
  }

  void refused(const std::filesystem::path& path) {
    ++write_errors;
    const bool first = std::ranges::find(alarmed, path) == alarmed.end();
    if (first) alarmed.push_back(path);
    if (first && config.on_alarm) config.on_alarm(path);
  }

  void begin_file(ByteSpan key) {
    auto video = video_track_of(key);
    if (!video) return;
    file = std::make_unique<MatroskaFile>(
        std::exchange(grid_fd, -1),
        MatroskaFile::Options{std::move(video), true, false, {}, utc_text(utc_at(base))});
    for (const SoundPacket& p : before_file) file->write_audio(p.at - base, p.bytes);
    before_file.clear();
  }
};

Grid::Grid(GridConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Grid::~Grid() { close(); }

void Grid::on_picture(const ShownPicture& shown) {
  const std::lock_guard lock(impl_->mutex);
  if (shown.origin.value >= impl_->seen.size() || !shown.picture) return;
  if (shown.source == Source::document) return impl_->turn_page(shown);
  impl_->seen[shown.origin.value].picture = shown.picture;
  impl_->change(shown.shown_at);
}

void Grid::on_sound(Timestamp at, std::span<const PlayedSound> sounds) {
  SoundTick tick;
  tick.at = at;
  for (const PlayedSound& sound : sounds) {
    if (sound.origin != impl_->config.self) tick.mix.add(sound.samples);
  }
  if (!impl_->sounds.push(tick)) ++impl_->dropped;
}

void Grid::on_link(PeerId origin, bool up) {
  const std::lock_guard lock(impl_->mutex);
  if (origin.value >= impl_->seen.size()) return;
  impl_->seen[origin.value].state = up ? TileState::live : TileState::lost;
  impl_->change(monotonic_now());
}

void Grid::on_speaker(PeerId bridge) {
  const std::lock_guard lock(impl_->mutex);
  if (bridge.value >= impl_->seen.size()) return;
  impl_->speaker = bridge.value;
  if (bridge != impl_->config.self) impl_->large = bridge.value;
  impl_->change(monotonic_now());
}

void Grid::on_document(PeerId bridge, bool shown) {
  const std::lock_guard lock(impl_->mutex);
  if (bridge.value >= impl_->seen.size()) return;
  std::erase_if(impl_->documents, [&](const auto& page) { return page.bridge == bridge.value; });
  if (shown) impl_->documents.push_back({bridge.value, nullptr});
  impl_->change(monotonic_now());
}

GridFigures Grid::figures() const {
  return {impl_->pictures.load(), impl_->samples.load(), impl_->dropped.load(),
          impl_->write_errors.load()};
}

void Grid::close() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->wav.reset();  // writes the last sizes
}

}  // namespace diemcau::node
