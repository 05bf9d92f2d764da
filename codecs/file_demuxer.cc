#include "codecs/file_demuxer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "codecs/audio_frame.h"

namespace diemcau::codecs {
namespace {

constexpr AVRational kNanoseconds{1, 1'000'000'000};

Duration from_ticks(std::int64_t ticks, AVRational time_base) {
  return Duration{av_rescale_q(ticks, time_base, kNanoseconds)};
}

FfmpegPtr<AVFormatContext> open(const std::filesystem::path& path) {
  silence_ffmpeg();
  // Only files: a playlist inside must not reach for the network.
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  AVFormatContext* made = nullptr;
  const std::string url = "file:" + path.string();
  int failed = avformat_open_input(&made, url.c_str(), nullptr, &options);
  av_dict_free(&options);
  FfmpegPtr<AVFormatContext> format(made);
  if (failed >= 0) failed = avformat_find_stream_info(format.get(), nullptr);
  if (failed < 0) {
    throw std::runtime_error("The media file " + path.string() +
                             " cannot be read: " + ffmpeg_reason(failed) + ".");
  }
  return format;
}

int frame_rate(AVFormatContext* format, AVStream* stream) {
  const AVRational rate = av_guess_frame_rate(format, stream, nullptr);
  if (rate.num <= 0 || rate.den <= 0) return 30;
  return std::clamp(static_cast<int>(std::ceil(av_q2d(rate))), 1, 120);
}

}  // namespace

FileDemuxer::FileDemuxer(const std::filesystem::path& path) : format_(open(path)) {
  open_track(video_, AVMEDIA_TYPE_VIDEO);
  open_track(audio_, AVMEDIA_TYPE_AUDIO);
  if (!has_video() && !has_audio()) {
    throw std::runtime_error("The media file " + path.string() +
                             " has neither pictures nor sound that FFmpeg can decode.");
  }
  if (has_video()) {
    AVStream* stream = format_->streams[video_.index];
    fps_ = frame_rate(format_.get(), stream);
    converter_ = PictureConverter(quarter_turns(*stream));
  }
}

void FileDemuxer::open_track(Track& track, AVMediaType type) {
  const AVCodec* decoder = nullptr;
  const int index = av_find_best_stream(format_.get(), type, -1, -1, &decoder, 0);
  if (index < 0 || !decoder) return;
  const AVStream* stream = format_->streams[index];
  // The cover of a song is no video.
  if ((stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) return;
  FfmpegPtr<AVCodecContext> codec(avcodec_alloc_context3(decoder));
  if (!codec || avcodec_parameters_to_context(codec.get(), stream->codecpar) < 0) return;
  codec->pkt_timebase = stream->time_base;
  codec->thread_count = 2;
  codec->max_pixels = std::int64_t{8192} * 8192;
  if (avcodec_open2(codec.get(), decoder, nullptr) < 0) return;
  track.index = index;
  track.time_base = stream->time_base;
  track.codec = std::move(codec);
}

bool FileDemuxer::read(std::vector<FilePicture>& pictures, std::vector<FileSound>& sounds) {
  if (ended_) return false;
  if (av_read_frame(format_.get(), packet_.get()) < 0) {
    ended_ = true;
    for (Track* track : {&video_, &audio_}) {
      if (track->codec) feed(*track, nullptr, pictures, sounds);
    }
    if (resampler_) {
      FileSound rest;
      rest.at = audio_.next.value_or(0ns);
      resampler_->drain(rest.samples);
      if (!rest.samples.empty()) sounds.push_back(std::move(rest));
    }
    return false;
  }
  for (Track* track : {&video_, &audio_}) {
    if (track->index == packet_->stream_index) feed(*track, packet_.get(), pictures, sounds);
  }
  av_packet_unref(packet_.get());
  return true;
}

bool FileDemuxer::rewind() {
  const std::int64_t first = format_->start_time == AV_NOPTS_VALUE ? 0 : format_->start_time;
  if (avformat_seek_file(format_.get(), -1, INT64_MIN, first, first, 0) < 0 &&
      av_seek_frame(format_.get(), -1, 0, AVSEEK_FLAG_BYTE) < 0) {
    return false;
  }
  for (Track* track : {&video_, &audio_}) {
    if (track->codec) avcodec_flush_buffers(track->codec.get());
    track->next.reset();
  }
  resampler_.reset();
  ended_ = false;
  return true;
}

void FileDemuxer::feed(Track& track, const AVPacket* packet, std::vector<FilePicture>& pictures,
                       std::vector<FileSound>& sounds) {
  if (avcodec_send_packet(track.codec.get(), packet) < 0 && packet) return;
  while (avcodec_receive_frame(track.codec.get(), frame_.get()) >= 0) {
    if (&track == &video_) {
      take_picture(*frame_, pictures);
    } else {
      take_sound(*frame_, sounds);
    }
    av_frame_unref(frame_.get());
  }
}

// The frame's time from the first moment of the file.
Duration FileDemuxer::place(Track& track, const AVFrame& frame) {
  const std::int64_t ticks = frame.best_effort_timestamp;
  if (ticks == AV_NOPTS_VALUE) return track.next.value_or(0ns);
  const Duration at = from_ticks(ticks, track.time_base);
  if (!origin_) {
    const bool told = format_->start_time != AV_NOPTS_VALUE;
    origin_ = told ? from_ticks(format_->start_time, AVRational{1, AV_TIME_BASE}) : at;
  }
  return std::max<Duration>(0ns, at - *origin_);
}

void FileDemuxer::take_picture(const AVFrame& frame, std::vector<FilePicture>& pictures) {
  FilePicture out;
  out.at = place(video_, frame);
  out.length = frame.pkt_duration > 0 ? from_ticks(frame.pkt_duration, video_.time_base)
                                      : Duration{1s} / fps_;
  out.picture = converter_.convert(frame);
  video_.next = out.at + out.length;
  if (out.picture) pictures.push_back(std::move(out));
}

// False when FFmpeg cannot convert this kind of sound.
bool FileDemuxer::prepare_resampler(const AVFrame& frame) {
  const bool same = resampler_ && frame.format == sample_format_ && frame.sample_rate == rate_ &&
                    av_channel_layout_compare(&frame.ch_layout, &layout_) == 0;
  if (same) return true;
  AVChannelLayout layout = frame.ch_layout;
  if (layout.order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&layout, frame.ch_layout.nb_channels);
  }
  resampler_.reset();
  try {
    resampler_.emplace(layout, static_cast<AVSampleFormat>(frame.format), frame.sample_rate);
  } catch (const std::runtime_error&) {
    return false;
  }
  av_channel_layout_copy(&layout_, &frame.ch_layout);
  sample_format_ = frame.format;
  rate_ = frame.sample_rate;
  return true;
}

void FileDemuxer::take_sound(const AVFrame& frame, std::vector<FileSound>& sounds) {
  if (frame.nb_samples <= 0 || frame.sample_rate <= 0) return;
  if (!prepare_resampler(frame)) return;
  FileSound out;
  out.at = place(audio_, frame);
  resampler_->convert(frame.extended_data, frame.nb_samples, out.samples);
  audio_.next = out.at + Duration{1s} * frame.nb_samples / frame.sample_rate;
  if (!out.samples.empty()) sounds.push_back(std::move(out));
}

}  // namespace diemcau::codecs
