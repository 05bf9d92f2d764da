// Reads a media file with FFmpeg and gives pictures in I420 and sound in 48 kHz mono, each at its
// place in the file's time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "codecs/ffmpeg_types.h"
#include "codecs/picture.h"
#include "codecs/picture_converter.h"
#include "codecs/resampler.h"
#include "core/units/time.h"

namespace diemcau::codecs {

// Offsets are from the file's first moment, never negative.
struct FilePicture {
  std::shared_ptr<const Picture> picture;
  Duration at{};
  Duration length{};
};
struct FileSound {
  std::vector<std::int16_t> samples;
  Duration at{};
};

// One thread at a time.
class FileDemuxer {
 public:
  // Throws std::runtime_error with one sentence that names the file and the reason.
  explicit FileDemuxer(const std::filesystem::path& path);

  bool has_video() const { return video_.codec != nullptr; }
  bool has_audio() const { return audio_.codec != nullptr; }
  int fps() const { return fps_; }
  // Decodes one packet and appends what came out; false at the end of the file, when everything has
  // come out. Broken packets are skipped.
  bool read(std::vector<FilePicture>& pictures, std::vector<FileSound>& sounds);
  // Back to the first moment; false when the file cannot be played again.
  bool rewind();

 private:
  struct Track {
    int index = -1;
    FfmpegPtr<AVCodecContext> codec;
    AVRational time_base{1, 1};
    std::optional<Duration> next;  // where a frame without a time belongs
  };
  void open_track(Track& track, AVMediaType type);
  void feed(Track& track, const AVPacket* packet, std::vector<FilePicture>& pictures,
            std::vector<FileSound>& sounds);
  Duration place(Track& track, const AVFrame& frame);
  void take_picture(const AVFrame& frame, std::vector<FilePicture>& pictures);
  bool prepare_resampler(const AVFrame& frame);
  void take_sound(const AVFrame& frame, std::vector<FileSound>& sounds);

  FfmpegPtr<AVFormatContext> format_;
  FfmpegPtr<AVPacket> packet_{av_packet_alloc()};
  FfmpegPtr<AVFrame> frame_{av_frame_alloc()};
  Track video_, audio_;
  PictureConverter converter_;
  std::optional<Resampler> resampler_;
  AVChannelLayout layout_{};
  int sample_format_ = -1;
  int rate_ = 0;
  int fps_ = 0;
  std::optional<Duration> origin_;
  bool ended_ = false;
};

}  // namespace diemcau::codecs
