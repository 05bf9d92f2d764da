#include "codecs/raw_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>

#include "codecs/resampler.h"

namespace diemcau::codecs {
namespace {

constexpr int kLookMs = 50;  // for stop()
constexpr int kPipeBytes = 1 << 20;
// Sound that waited in the pipe longer than this while nobody read is not read at once.
constexpr std::size_t kMostSoundBytes = 192'000;

// The reading end of a FIFO, or of a pipe under /dev/fd.
class PipeReader {
 public:
  explicit PipeReader(const std::filesystem::path& path) {
    if (path.empty()) return;
    // Without O_NONBLOCK, opening would wait for a writer and could not be stopped.
    fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd_ < 0) {
      throw std::runtime_error("The pipe " + path.string() +
                               " cannot be opened: " + std::strerror(errno) + ".");
    }
    struct stat about {};
    if (::fstat(fd_, &about) != 0 || !S_ISFIFO(about.st_mode)) {
      close();
      throw std::runtime_error(path.string() + " is not a pipe: make one with mkfifo.");
    }
    ::fcntl(fd_, F_SETPIPE_SZ, kPipeBytes);  // fewer wake-ups; works without
  }
  PipeReader(const PipeReader&) = delete;
  PipeReader& operator=(const PipeReader&) = delete;
  ~PipeReader() { close(); }

  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  // Bytes read; 0 when there are none now. Closes itself at the end.
  std::size_t read(std::uint8_t* to, std::size_t most) {
    const ssize_t n = ::read(fd_, to, most);
    if (n > 0) return static_cast<std::size_t>(n);
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) close();
    return 0;
  }

 private:
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int fd_ = -1;
};

class RawSource final : public MediaSource {
 public:
  explicit RawSource(const RawSourceSettings& s)
      : settings_(s), video_(s.video_pipe), audio_(s.audio_pipe) {
    if (!has_audio()) return;
    AVChannelLayout layout{};
    av_channel_layout_default(&layout, s.channels);
    resampler_.emplace(layout, AV_SAMPLE_FMT_S16, s.rate);
  }

  bool has_video() const override { return !settings_.video_pipe.empty(); }
  bool has_audio() const override { return !settings_.audio_pipe.empty(); }
  int fps() const override { return has_video() ? settings_.fps : 0; }
  void stop() override { clock_.stop(); }

  std::optional<MediaEvent> next() override {
    while (!clock_.stopped()) {
      if (sound_.size() >= kFrameSamples) return take_sound();
      if (!video_.open() && !audio_.open()) return std::nullopt;
      std::array<pollfd, 2> waits{{{video_.fd(), POLLIN, 0}, {audio_.fd(), POLLIN, 0}}};
      if (::poll(waits.data(), waits.size(), kLookMs) <= 0) continue;
      if (waits[1].revents != 0) read_sound();
      if (waits[0].revents != 0) {
        if (auto picture = read_picture()) return picture;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<MediaEvent> read_picture() {
    if (!picture_) picture_ = pictures_.take(settings_.width, settings_.height);
    have_ += video_.read(picture_->bytes.data() + have_, picture_->bytes.size() - have_);
    if (have_ < picture_->bytes.size()) return std::nullopt;
    have_ = 0;
    last_picture_ = std::max(clock_.now(), last_picture_ + 1ns);
    return VideoFrame{std::exchange(picture_, nullptr), last_picture_, count_++};
  }

  void read_sound() {
    const std::size_t before = pcm_.size();
    pcm_.resize(before + kMostSoundBytes);
    const std::size_t n = audio_.read(pcm_.data() + before, kMostSoundBytes);
    const Timestamp now = clock_.now();
    pcm_.resize(before + n);
    const std::size_t block = 2 * static_cast<std::size_t>(settings_.channels);
    const std::size_t whole = pcm_.size() / block;
    if (whole == 0) return;
    const std::uint8_t* from = pcm_.data();
    fresh_.clear();
    resampler_->convert(&from, static_cast<int>(whole), fresh_);
    pcm_.erase(pcm_.begin(), pcm_.begin() + static_cast<std::ptrdiff_t>(whole * block));
    sound_.insert(sound_.end(), fresh_.begin(), fresh_.end());
    sound_end_ = now;
  }

  // What came in one piece was captured one after the other: times are counted back from its end.
  MediaEvent take_sound() {
    constexpr std::int64_t kRate = kSampleRate;
    const auto waiting = static_cast<std::int64_t>(sound_.size());
    const Timestamp first = sound_end_ - waiting * Duration{1s} / kRate;
    AudioFrame frame;
    last_sound_ = frame.captured_at = std::max(first, last_sound_ + 1ns);
    const auto end = sound_.begin() + static_cast<std::ptrdiff_t>(kFrameSamples);
    std::copy(sound_.begin(), end, frame.samples.begin());
    sound_.erase(sound_.begin(), end);
    return frame;
  }

  RawSourceSettings settings_;
  PipeReader video_, audio_;
  CaptureClock clock_{Pacing::real_time};
  PicturePool pictures_;
  std::shared_ptr<Picture> picture_;  // being read
  std::size_t have_ = 0;
  std::uint64_t count_ = 0;
  Timestamp last_picture_{}, last_sound_{};
  std::optional<Resampler> resampler_;
  std::vector<std::uint8_t> pcm_;  // a sample that is not whole yet
  std::vector<std::int16_t> fresh_;
  std::deque<std::int16_t> sound_;
  Timestamp sound_end_{};
};

void check(const RawSourceSettings& s) {
  if (s.video_pipe.empty() && s.audio_pipe.empty()) {
    throw std::runtime_error("The raw source needs video_pipe, audio_pipe or both.");
  }
  const bool size = s.width >= 2 && s.width <= 1920 && s.width % 2 == 0 && s.height >= 2 &&
                    s.height <= 1088 && s.height % 2 == 0 && s.fps >= 1 && s.fps <= 120;
  if (!s.video_pipe.empty() && !size) {
    throw std::runtime_error(
        "The raw source takes even sizes up to 1920x1088 and 1 to 120 pictures per second.");
  }
  const bool sound = s.rate >= 8000 && s.rate <= 192'000 && s.channels >= 1 && s.channels <= 8;
  if (!s.audio_pipe.empty() && !sound) {
    throw std::runtime_error("The raw source takes 8000 to 192000 Hz and 1 to 8 channels.");
  }
}

}  // namespace

std::unique_ptr<MediaSource> make_raw_source(const RawSourceSettings& settings) {
  check(settings);
  return std::make_unique<RawSource>(settings);
}

}  // namespace diemcau::codecs
