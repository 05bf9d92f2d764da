// One thread writes all files; descriptors are non-blocking, what does not fit is dropped whole.
#include "node/sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <variant>

#include "codecs/picture.h"
#include "codecs/scale.h"
#include "node/bounded_queue.h"
#include "node/catalogue.h"
#include "node/part_file.h"
#include "node/thread_rank.h"

namespace diemcau::node {

namespace {

constexpr std::size_t kQueueItems = 8192;     // sound of 10 peers for 8 s
constexpr std::size_t kPicturesWaiting = 32;  // a 720p picture is 1.4 MB
constexpr int kPipeBytes = 1 << 20;           // a whole picture fits; the most a user may ask for
constexpr const char* kTableHeader = "kind\tindex\tcapture_ns\tshown_ns\tlayer\taction\n";
constexpr auto kRetry = std::chrono::milliseconds(2);
constexpr auto kReopen = std::chrono::milliseconds(100);

const char* name_of_action(mesh::AudioAction action) {
  switch (action) {
    case mesh::AudioAction::normal: return "normal";
    case mesh::AudioAction::accelerate: return "accelerate";
    case mesh::AudioAction::decelerate: return "decelerate";
    case mesh::AudioAction::stretch: return "stretch";
    case mesh::AudioAction::expand: return "expand";
    case mesh::AudioAction::silence: return "silence";
  }
  return "?";
}

// A file, or a FIFO that somebody made beforehand. Never waits: what a FIFO has not taken of a
// block stays here, and until it is gone further blocks are refused whole, so that a reader never
// sees half a picture.
class Outlet {
 public:
  explicit Outlet(std::filesystem::path path) : path_(std::move(path)) {
    struct stat at {};
    fifo_ = ::stat(path_.c_str(), &at) == 0 && S_ISFIFO(at.st_mode);
    if (fifo_) return;
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd_ < 0) fail<Text::file_unwritable>(path_.string(), std::strerror(errno));
    make_private(fd_);
  }
  Outlet(Outlet&& o) noexcept
      : path_(std::move(o.path_)), fifo_(o.fifo_), fd_(std::exchange(o.fd_, -1)) {}
  ~Outlet() {
    if (fd_ >= 0) ::close(fd_);
  }

  // True when the block was taken, perhaps to be finished later.
  bool write(const void* data, std::size_t size) {
    if (fifo_ && fd_ < 0) open_fifo();
    if (fd_ < 0 || !rest_.empty()) return false;
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    const ssize_t done = ::write(fd_, bytes, size);
    if (done < 0) return refused();
    if (static_cast<std::size_t>(done) < size) rest_.assign(bytes + done, bytes + size);
    return true;
  }
  // Goes on with a block that was cut. True while something is left.
  bool go_on() {
    if (rest_.empty()) return false;
    const ssize_t done = ::write(fd_, rest_.data(), rest_.size());
    if (done > 0) {
      rest_.erase(rest_.begin(), rest_.begin() + done);
    } else if (done < 0) {
      refused();
    }
    return !rest_.empty();
  }

 private:
  // Fails with ENXIO while nobody reads.
  void open_fifo() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_open_) return;
    next_open_ = now + kReopen;
    fd_ = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd_ >= 0) ::fcntl(fd_, F_SETPIPE_SZ, kPipeBytes);  // a wish; a smaller pipe works too
  }
  bool refused() {
    if (errno == EAGAIN || errno == EINTR) return false;
    if (fifo_) {  // the reader has gone; another may come
      ::close(fd_);
      fd_ = -1;
      rest_.clear();
    }
    return false;
  }

  std::filesystem::path path_;
  bool fifo_ = false;
  int fd_ = -1;
  std::vector<std::uint8_t> rest_;
  std::chrono::steady_clock::time_point next_open_{};
};

struct PeerFiles {
  Outlet pictures, sound, table;
  std::uint64_t picture_count = 0;
  std::uint64_t sample_count = 0;
  bool has_header = false;
};

struct SoundBlock {
  PeerId origin;
  Timestamp at;
  std::array<std::int16_t, kTickSamples> samples{};
  std::array<PlayedFrame, 4> frames{};  // a tick holds at most a few beginnings of frames
  std::size_t frame_count = 0;
};
using Item = std::variant<ShownPicture, SoundBlock>;

}  // namespace

struct Sink::Impl {
  SinkConfig config;
  std::vector<std::optional<PeerFiles>> files;  // by PeerId
  BoundedQueue<Item> queue{kQueueItems};
  std::atomic<std::size_t> pictures_waiting{0};
  std::atomic<std::uint64_t> pictures{0}, samples{0}, dropped{0};
  codecs::Picture scaled;
  std::thread thread;

  explicit Impl(SinkConfig c) : config(std::move(c)), scaled(config.width, config.height) {
    std::error_code failed;
    std::filesystem::create_directories(config.dir, failed);
    if (failed) fail<Text::folder_unwritable>(config.dir.string(), failed.message());
    files.resize(config.bridge_ids.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (i == config.self.value) continue;
      const std::string& id = config.bridge_ids[i];
      files[i].emplace(PeerFiles{Outlet(config.dir / (id + ".i420")),
                                 Outlet(config.dir / (id + ".s16")),
                                 Outlet(config.dir / (id + ".tsv"))});
      files[i]->has_header = files[i]->table.write(kTableHeader, std::strlen(kTableHeader));
    }
    thread = std::thread([this] { run(); });
  }

  void run() {
    take_rank(ThreadRank::background, "sink");
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);  // a reader that leaves is an error code, not a signal
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    bool unfinished = false;
    for (;;) {
      const auto wait = unfinished ? kRetry : kReopen;
      auto item = queue.pop_until(std::chrono::steady_clock::now() + wait);
      unfinished = false;
      for (auto& peer : files) {
        if (!peer) continue;
        unfinished = peer->pictures.go_on() || unfinished;
        unfinished = peer->sound.go_on() || unfinished;
        unfinished = peer->table.go_on() || unfinished;
      }
      if (item) {
        std::visit([this](const auto& i) { take(i); }, *item);
      } else if (queue.drained()) {
        return;
      }
    }
  }

  void row(PeerFiles& peer, const char* kind, std::uint64_t index,
           std::optional<Timestamp> captured, Timestamp shown, Layer layer, const char* action) {
    // A FIFO gets its header when its reader has come.
    std::string line = peer.has_header ? "" : kTableHeader;
    line += kind;
    line += '\t' + std::to_string(index) + '\t';
    if (captured) line += std::to_string(to_ns(*captured));
    line += '\t' + std::to_string(to_ns(shown)) + '\t' + name_of(layer) + '\t' + action + '\n';
    if (peer.table.write(line.data(), line.size())) {
      peer.has_header = true;
    } else {
      ++dropped;
    }
  }

  void take(const ShownPicture& shown) {
    --pictures_waiting;
    PeerFiles& peer = *files[shown.origin.value];
    codecs::letterbox(*shown.picture, scaled);
    if (!peer.pictures.write(scaled.bytes.data(), scaled.bytes.size())) {
      ++dropped;
      return;
    }
    row(peer, "video", peer.picture_count++, shown.captured_at, shown.shown_at, shown.layer,
        "show");
    ++pictures;
  }

  void take(const SoundBlock& block) {
    PeerFiles& peer = *files[block.origin.value];
    if (!peer.sound.write(block.samples.data(), sizeof block.samples)) {
      ++dropped;
      return;
    }
    for (std::size_t i = 0; i < block.frame_count; ++i) {
      const PlayedFrame& f = block.frames[i];
      const Duration into{std::int64_t{f.offset} * 1'000'000'000 / 48'000};
      row(peer, "audio", peer.sample_count + f.offset, f.captured_at, block.at + into, Layer::only,
          name_of_action(f.action));
    }
    peer.sample_count += kTickSamples;
    samples += kTickSamples;
  }

  bool has(PeerId origin) const {
    return origin.value < files.size() && files[origin.value].has_value();
  }
};

Sink::Sink(SinkConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Sink::~Sink() { close(); }

void Sink::on_picture(const ShownPicture& shown) {
  if (shown.source != Source::camera) return;  // a peer's files are of its camera
  if (!impl_->has(shown.origin) || !shown.picture) return;
  if (impl_->pictures_waiting.fetch_add(1) >= kPicturesWaiting || !impl_->queue.push(Item{shown})) {
    --impl_->pictures_waiting;
    ++impl_->dropped;
  }
}

void Sink::on_sound(Timestamp at, std::span<const PlayedSound> sounds) {
  for (const PlayedSound& sound : sounds) {
    if (!impl_->has(sound.origin) || sound.samples.size() != kTickSamples) continue;
    SoundBlock block;
    block.origin = sound.origin;
    block.at = at;
    std::copy(sound.samples.begin(), sound.samples.end(), block.samples.begin());
    block.frame_count = std::min(sound.frames.size(), block.frames.size());
    std::copy_n(sound.frames.begin(), block.frame_count, block.frames.begin());
    if (!impl_->queue.push(Item{block})) ++impl_->dropped;
  }
}

void Sink::on_link(PeerId, bool) {}  // sound goes on as silence, pictures stop by themselves

SinkFigures Sink::figures() const {
  return {impl_->pictures.load(), impl_->samples.load(), impl_->dropped.load()};
}

void Sink::close() {
  impl_->queue.close();
  if (impl_->thread.joinable()) impl_->thread.join();
  for (auto& peer : impl_->files) peer.reset();
}

}  // namespace diemcau::node
