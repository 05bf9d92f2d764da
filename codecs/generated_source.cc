#include "codecs/generated_source.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "codecs/generated_picture.h"
#include "codecs/generated_speech.h"

namespace diemcau::codecs {
namespace {

constexpr std::int64_t kRate = kSampleRate;
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kBeepSamples = kRate * to_ms(kBeepLength) / 1000;
constexpr std::int64_t kBeepFade = kRate / 1000;
constexpr std::int64_t kRoundSeconds = 12;
constexpr std::int64_t kTurnSeconds = 4;
constexpr double kBeepPeak = 9000;
constexpr double kTonePeak = 1000;
constexpr int kSpeechPeak = 6000;
constexpr double kSpeechGain = 4;
// Later than this (the machine slept), capture goes on from now instead of catching up.
constexpr Duration kMostLate = 500ms;

std::string sentence(unsigned index) {
  return "Xin chào. Đây là điểm cầu số " + std::to_string(index + 1) +
         ". Kính mời bà con trình bày nguyện vọng. Chúng tôi đang nghe rõ hình ảnh và âm thanh, "
         "xin mời điểm cầu trung tâm cho ý kiến. Xin trân trọng cảm ơn.";
}

std::vector<std::int16_t> prepared_speech(const std::string& text) {
  std::vector<std::int16_t> speech = speak_vietnamese(text);
  int peak = 1;
  for (const std::int16_t s : speech) peak = std::max(peak, std::abs(int{s}));
  // Compressed, so that speech stands out from the tone for whoever looks at levels alone.
  for (std::int16_t& s : speech)
    s = static_cast<std::int16_t>(kSpeechPeak * std::tanh(kSpeechGain * s / peak));
  return speech;
}

// All sounds as functions of the sample's number since second 0 of the clock.
class Sound {
 public:
  Sound(unsigned index, std::vector<std::int16_t> speech)
      : tone_hz_(generated_tone_hz(index)),
        turn_(static_cast<std::int64_t>(index) * kTurnSeconds % kRoundSeconds),
        speech_(std::move(speech)) {
    sine_.resize(kSampleRate);
    for (std::size_t i = 0; i < sine_.size(); ++i) {
      sine_[i] = std::sin(2 * std::numbers::pi * static_cast<double>(i) / kSampleRate);
    }
  }

  void fill(AudioFrame& frame, std::int64_t first) const {
    for (std::size_t i = 0; i < frame.samples.size(); ++i) {
      const std::int64_t n = first + static_cast<std::int64_t>(i);
      const double value = kTonePeak * sine(n * tone_hz_) + beep(n) + speech(n);
      frame.samples[i] = static_cast<std::int16_t>(std::lround(value));
    }
  }

 private:
  double sine(std::int64_t phase) const { return sine_[static_cast<std::size_t>(phase % kRate)]; }

  double beep(std::int64_t n) const {
    const std::int64_t into = n % kRate;
    if (into >= kBeepSamples) return 0;
    const std::int64_t edge = std::min({into, kBeepSamples - 1 - into, kBeepFade});
    return kBeepPeak * sine(into * kBeepHz) * static_cast<double>(edge) / kBeepFade;
  }

  double speech(std::int64_t n) const {
    const std::int64_t second = n / kRate;
    const std::int64_t since = (second - turn_ + kRoundSeconds) % kRoundSeconds;
    if (since >= kTurnSeconds || n % kRate < kBeepSamples) return 0;
    // Every turn goes on where the last one stopped.
    const std::int64_t turns = (second - since) / kRoundSeconds;
    const std::int64_t at = (turns * kTurnSeconds + since) * kRate + n % kRate;
    return speech_[static_cast<std::size_t>(at) % speech_.size()];
  }

  std::int64_t tone_hz_;
  std::int64_t turn_;
  std::vector<std::int16_t> speech_;
  std::vector<double> sine_;
};

class GeneratedSource final : public MediaSource {
 public:
  explicit GeneratedSource(const GeneratedSettings& s)
      : settings_(s),
        clock_(s.pacing, s.start),
        painter_(s.index + 1),
        sound_(s.index, prepared_speech(s.text.empty() ? sentence(s.index) : s.text)) {
    begin_at(clock_.now());
  }

  bool has_video() const override { return true; }
  bool has_audio() const override { return true; }
  int fps() const override { return settings_.fps; }
  void stop() override { clock_.stop(); }

  std::optional<MediaEvent> next() override {
    if (clock_.now() - std::min(picture_time(), sound_time() + kFrameDuration) > kMostLate) {
      begin_at(clock_.now());
    }
    return picture_time() < sound_time() + kFrameDuration ? next_picture() : next_sound();
  }

 private:
  // Picture and block numbers count from second 0 of the clock.
  void begin_at(Timestamp at) {
    const std::int64_t ns = std::max<std::int64_t>(0, to_ns(at));
    const std::int64_t block = to_ns(kFrameDuration);
    picture_ = ns / kSecondNs * settings_.fps +
               (ns % kSecondNs * settings_.fps + kSecondNs - 1) / kSecondNs;
    block_ = (ns + block - 1) / block;
  }
  Timestamp picture_time() const {
    const std::int64_t fps = settings_.fps;
    return timestamp_from_ns(picture_ / fps * kSecondNs + picture_ % fps * kSecondNs / fps);
  }
  Timestamp sound_time() const { return Timestamp{block_ * kFrameDuration}; }

  std::optional<MediaEvent> next_picture() {
    const Timestamp at = picture_time();
    const auto picture = pictures_.take(settings_.width, settings_.height);
    const auto number = static_cast<std::uint32_t>(picture_ % kCodeNumbers);
    // Painted before its time, so that it is there at its time.
    painter_.paint(*picture, number, picture_ % settings_.fps == 0, at);
    if (!clock_.wait_until(at)) return std::nullopt;
    return VideoFrame{picture, at, static_cast<std::uint64_t>(picture_++)};
  }

  std::optional<MediaEvent> next_sound() {
    AudioFrame frame;
    frame.captured_at = sound_time();
    sound_.fill(frame, block_ * static_cast<std::int64_t>(kFrameSamples));
    if (!clock_.wait_until(frame.captured_at + kFrameDuration)) return std::nullopt;
    ++block_;
    return frame;
  }

  GeneratedSettings settings_;
  CaptureClock clock_;
  PicturePool pictures_;
  PicturePainter painter_;
  Sound sound_;
  std::int64_t picture_ = 0;
  std::int64_t block_ = 0;
};

}  // namespace

std::unique_ptr<MediaSource> make_generated_source(const GeneratedSettings& s) {
  const bool size = s.width >= 160 && s.width <= 1920 && s.width % 2 == 0 && s.height >= 90 &&
                    s.height <= 1088 && s.height % 2 == 0;
  if (!size || s.fps < 1 || s.fps > 60 || s.index >= 400) {
    throw std::runtime_error(
        "The generated source takes even sizes from 160x90 to 1920x1088, 1 to 60 pictures per "
        "second and an index below 400.");
  }
  return std::make_unique<GeneratedSource>(s);
}

}  // namespace diemcau::codecs
