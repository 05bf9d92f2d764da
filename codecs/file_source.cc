#include "codecs/file_source.h"

#include <algorithm>
#include <deque>
#include <stdexcept>

#include "codecs/file_demuxer.h"

namespace diemcau::codecs {
namespace {

// How far one kind is read ahead while the other has nothing yet: a second, as muxers interleave.
constexpr std::size_t kMostPictures = 32;
constexpr std::size_t kMostSamples = kSampleRate;
// Sound that is off its time by less is the rounding of its container; more is a hole or an
// overlap.
constexpr std::int64_t kTolerance = kSampleRate / 25;
// A hole beyond this is a broken time.
constexpr std::int64_t kMostSilence = kSampleRate * 10;
// Later than this (the machine slept), capture goes on from now instead of catching up.
constexpr Duration kMostLate = 500ms;

std::int64_t samples_in(Duration d) {
  return d / 1s * std::int64_t{kSampleRate} + d % 1s * std::int64_t{kSampleRate} / 1s;
}
Duration length_of(std::int64_t samples) {
  constexpr std::int64_t kRate = kSampleRate;
  return samples / kRate * Duration{1s} + samples % kRate * Duration{1s} / kRate;
}

class FileSource final : public MediaSource {
 public:
  explicit FileSource(const FileSourceSettings& s)
      : loop_(s.loop), clock_(s.pacing, s.start), file_(s.path) {
    fill();
    if (!picture_ready() && !sound_ready()) {
      throw std::runtime_error("The media file " + s.path.string() +
                               " has nothing that can be decoded: it is damaged or empty.");
    }
  }

  bool has_video() const override { return file_.has_video(); }
  bool has_audio() const override { return file_.has_audio(); }
  int fps() const override { return file_.fps(); }
  void stop() override { clock_.stop(); }

  std::optional<MediaEvent> next() override {
    if (!base_) base_ = clock_.now();
    fill();
    if (!picture_ready() && !sound_ready()) return std::nullopt;
    const bool picture =
        picture_ready() && (!sound_ready() || pictures_.front().at < sound_at() + kFrameDuration);
    const Duration due = picture ? pictures_.front().at : sound_at() + kFrameDuration;
    if (clock_.now() - (*base_ + due) > kMostLate) base_ = clock_.now() - due;
    if (!clock_.wait_until(*base_ + due)) return std::nullopt;
    return picture ? take_picture() : take_sound();
  }

 private:
  bool picture_ready() const { return !pictures_.empty(); }
  bool sound_ready() const { return sound_.size() >= kFrameSamples; }
  Duration sound_at() const { return length_of(sound_begin_); }

  // Until both kinds have an event, or one has waited long enough for the other.
  void fill() {
    while (!ended_) {
      const bool pictures = picture_ready() || !file_.has_video();
      const bool sound = sound_ready() || !file_.has_audio();
      if (pictures && sound) return;
      if (pictures_.size() >= kMostPictures || sound_.size() >= kMostSamples) return bridge_hole();
      if (!read()) end_pass();
    }
  }

  void end_pass() {
    pad_to(end_);
    // A pass that gave nothing would go round for ever.
    ended_ = !loop_ || decoded_ == pass_began_ || !file_.rewind();
    pass_began_ = decoded_;
    offset_ = end_;
    if (ended_ && !sound_.empty()) {
      sound_.resize((sound_.size() + kFrameSamples - 1) / kFrameSamples * kFrameSamples);
    }
  }

  // Pictures go on where the sound has a hole: it is filled with silence.
  void bridge_hole() {
    if (file_.has_audio() && !sound_ready() && picture_ready()) {
      pad_to(pictures_.front().at + kFrameDuration + 1ms);
    }
  }

  bool read() {
    new_pictures_.clear();
    new_sounds_.clear();
    const bool more = file_.read(new_pictures_, new_sounds_);
    for (FilePicture& p : new_pictures_) add(p);
    for (const FileSound& s : new_sounds_) add(s);
    return more;
  }

  void add(FilePicture& p) {
    ++decoded_;
    p.at += offset_;
    end_ = std::max(end_, p.at + p.length);
    // Times of one kind must grow, whatever the file says.
    if (last_picture_ && p.at <= *last_picture_) return;
    last_picture_ = p.at;
    pictures_.push_back(std::move(p));
  }

  void add(const FileSound& s) {
    ++decoded_;
    const std::int64_t at = samples_in(offset_ + s.at);
    const std::int64_t have = sound_begin_ + static_cast<std::int64_t>(sound_.size());
    std::int64_t skip = 0;
    if (at > have + kTolerance) pad_to(offset_ + s.at);
    if (at < have - kTolerance) skip = have - at;
    const auto size = static_cast<std::int64_t>(s.samples.size());
    sound_.insert(sound_.end(), s.samples.begin() + std::min(skip, size), s.samples.end());
    end_ = std::max(end_, length_of(sound_begin_ + static_cast<std::int64_t>(sound_.size())));
  }

  void pad_to(Duration at) {
    if (!file_.has_audio()) return;
    const std::int64_t have = sound_begin_ + static_cast<std::int64_t>(sound_.size());
    const std::int64_t missing = std::clamp<std::int64_t>(samples_in(at) - have, 0, kMostSilence);
    sound_.insert(sound_.end(), static_cast<std::size_t>(missing), std::int16_t{0});
  }

  MediaEvent take_picture() {
    const FilePicture p = std::move(pictures_.front());
    pictures_.pop_front();
    return VideoFrame{p.picture, *base_ + p.at, count_++};
  }

  MediaEvent take_sound() {
    AudioFrame frame;
    frame.captured_at = *base_ + sound_at();
    const auto end = sound_.begin() + static_cast<std::ptrdiff_t>(kFrameSamples);
    std::copy(sound_.begin(), end, frame.samples.begin());
    sound_.erase(sound_.begin(), end);
    sound_begin_ += static_cast<std::int64_t>(kFrameSamples);
    return frame;
  }

  bool loop_;
  CaptureClock clock_;
  FileDemuxer file_;
  std::optional<Timestamp> base_;  // capture time of the file's first moment
  std::deque<FilePicture> pictures_;
  std::deque<std::int16_t> sound_;
  std::int64_t sound_begin_ = 0;  // sample at the front of sound_
  std::vector<FilePicture> new_pictures_;
  std::vector<FileSound> new_sounds_;
  std::optional<Duration> last_picture_;
  Duration offset_{};  // of this pass through the file
  Duration end_{};     // of everything read so far
  std::int64_t decoded_ = 0;
  std::int64_t pass_began_ = 0;
  std::uint64_t count_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<MediaSource> make_file_source(const FileSourceSettings& settings) {
  return std::make_unique<FileSource>(settings);
}

}  // namespace diemcau::codecs
