// What the tests of codecs share: pictures that move, folders that go away, programs that are run.
#pragma once

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <numbers>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "codecs/audio_frame.h"
#include "codecs/generated_picture.h"
#include "codecs/media_source.h"
#include "codecs/video_frame.h"

namespace diemcau::codecs::testing {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "diemcau-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Exit status of a program; -1 when it could not be started or was killed.
inline int run(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = -1;
  if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) {
    return -1;
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// A camera's picture number n, `fps` pictures per second.
class Camera {
 public:
  explicit Camera(int width, int height, int fps = 30, bool flashes = false)
      : width_(width), height_(height), fps_(fps), flashes_(flashes), painter_(7) {}
  VideoFrame next() {
    const Timestamp at{Duration{1s} * static_cast<std::int64_t>(count_) / fps_ + Duration{1s}};
    auto picture = std::make_shared<Picture>(width_, height_);
    const bool flash = flashes_ && count_ % static_cast<std::uint64_t>(fps_) == 0;
    painter_.paint(*picture, static_cast<std::uint32_t>(count_), flash, at);
    return VideoFrame{picture, at, count_++};
  }

 private:
  int width_, height_, fps_;
  bool flashes_;
  PicturePainter painter_;
  std::uint64_t count_ = 0;
};

// A voiced sound: a pitch with falling harmonics.
inline std::vector<std::int16_t> voice(double pitch_hz, std::size_t samples) {
  std::vector<std::int16_t> out(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    const double t = static_cast<double>(i) / kSampleRate;
    double value = 0;
    for (int h = 1; h <= 8; ++h) {
      value += std::sin(2 * std::numbers::pi * pitch_hz * h * t) / h;
    }
    out[i] = static_cast<std::int16_t>(3000 * value);
  }
  return out;
}

// Amplitude of one frequency.
inline double amplitude(Samples samples, double hz) {
  double re = 0;
  double im = 0;
  double weights = 0;
  const auto n = static_cast<double>(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto x = static_cast<double>(i);
    const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * x / n);
    const double phase = 2 * std::numbers::pi * hz * x / kSampleRate;
    re += window * samples[i] * std::cos(phase);
    im += window * samples[i] * std::sin(phase);
    weights += window;
  }
  return 2 * std::sqrt(re * re + im * im) / weights;
}

struct Captured {
  std::vector<VideoFrame> pictures;
  std::vector<AudioFrame> sounds;
  std::vector<std::int16_t> samples() const {
    std::vector<std::int16_t> all;
    for (const AudioFrame& f : sounds) all.insert(all.end(), f.samples.begin(), f.samples.end());
    return all;
  }
};

// Everything that a source gives until it ends, or until `events` have come.
inline Captured capture(MediaSource& source, std::size_t events = 100'000) {
  Captured out;
  for (std::size_t i = 0; i < events; ++i) {
    const auto event = source.next();
    if (!event) break;
    if (const auto* picture = std::get_if<VideoFrame>(&*event)) {
      out.pictures.push_back(*picture);
    } else {
      out.sounds.push_back(std::get<AudioFrame>(*event));
    }
  }
  return out;
}

}  // namespace diemcau::codecs::testing
