// Frame sizes of a statistical encoder; the average over time is what x264 gives of the rate that
// was set.
#include "sim/media_model.h"

#include <algorithm>
#include <array>

#include "sim/host_times.h"

namespace diemcau::sim {

namespace {

// No frame is smaller than its headers and a few skipped macroblocks.
constexpr std::int64_t kSmallestFrame = 60;
// Bytes above or below the average are made up for with at most 40 % of each following frame, as a
// 100 ms VBV makes x264 do.
constexpr std::int64_t kPayBackTenths = 4;

std::int64_t scaled(std::int64_t value, std::int64_t scale_q16, std::uint64_t draw) {
  // Cut at ± 4 scales: RFC 8593 truncates as well, so that no single draw can be absurd.
  const std::int64_t laplace = std::clamp<std::int64_t>(laplace_q16(draw), -4 * 65536, 4 * 65536);
  return value * (laplace * scale_q16 >> 16) >> 16;
}

// Of the rate that x264 is told, what it uses.
std::int64_t yield(Layer layer) {
  return layer == Layer::hi ? kYieldHi : layer == Layer::mid ? kYieldMid : kYieldLo;
}

constexpr auto kVideoPattern = [](std::uint8_t nal_header) {
  std::array<std::uint8_t, kLargestNal> bytes{};
  bytes[0] = nal_header;
  // Never 0, so that no start code can appear inside.
  for (std::size_t i = 1; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(1 + i * 37 % 251);
  return bytes;
};
constexpr auto kIdrSlice = kVideoPattern(0x65);  // nal_ref_idc 3, type 5
constexpr auto kSlice = kVideoPattern(0x41);     // nal_ref_idc 2, type 1

constexpr auto kAudioPattern = [] {
  std::array<std::uint8_t, 1276>
      bytes{};  // the largest Opus packet (RFC 6716 §3.4 allows 1275 + TOC)
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 73 + 11);
  bytes[0] = 0x78;  // TOC: hybrid fullband, 20 ms, mono, one frame (RFC 6716 §3.1)
  return bytes;
}();

}  // namespace

void VideoModel::set(const mesh::SetEncoder& s) {
  const bool starts = s.active && !active_;
  active_ = s.active;
  fps_ = std::max<std::uint8_t>(1, s.fps);
  const std::int64_t given_bps = s.rate.bps() * yield(layer_) / 1000;
  if (given_bps != target_bps_) {
    target_bps_ = given_bps;
    step_bps_ = (target_bps_ - current_bps_) / kFramesToNewRate;
    if (current_bps_ == 0) current_bps_ = target_bps_;
  }
  if (starts) {
    references_.clear();
    surplus_ = 0;
    current_bps_ = target_bps_;
  }
  if (s.idr) idr_ = true;
  temporal_ = s.temporal;
  hold_ = s.hold;
  if (s.invalidate_from) {
    const auto first = std::lower_bound(references_.begin(), references_.end(), *s.invalidate_from);
    if (first != references_.end()) healed_ = true;
    references_.erase(first, references_.end());
  }
}

std::optional<VideoModel::Frame> VideoModel::capture(std::uint8_t camera_fps) {
  if (!active_) return std::nullopt;
  credit_ += std::min(fps_, camera_fps);
  held_then_ = hold_;
  return hold_ ? std::nullopt : next(camera_fps);
}

std::optional<VideoModel::Frame> VideoModel::catch_up(std::uint8_t camera_fps) {
  if (!active_ || hold_ || !std::exchange(held_then_, false)) return std::nullopt;
  return next(camera_fps);
}

std::optional<VideoModel::Frame> VideoModel::next(std::uint8_t camera_fps) {
  const std::uint32_t step = std::min(fps_, camera_fps);
  // As codecs/layered_encoder does: a picture that was held for less than its interval is made at
  // once, after that it goes on with the grid.
  if (credit_ > 2U * camera_fps) {
    credit_ %= camera_fps;
    if (credit_ < step) credit_ += camera_fps;
  }
  if (credit_ < camera_fps) return std::nullopt;
  credit_ -= camera_fps;

  Frame frame;
  frame.number = next_number_++;
  frame.key = idr_ || references_.empty();
  if (frame.key) {
    references_.clear();
  } else {
    frame.newest_needed = references_.back();
    frame.oldest_needed = references_.front();
  }
  // What everybody needs may not be in the layer that some do without.
  const bool droppable = temporal_ && base_was_last_ && !frame.key && !healed_;
  frame.temporal_id = droppable ? 1 : 0;
  base_was_last_ = !droppable;
  frame.bytes = static_cast<std::uint32_t>(size_of_next(frame));
  idr_ = healed_ = false;
  if (!droppable) references_.push_back(frame.number);
  // Lost and droppable frames take places of the window as well, in the encoder and in a decoder.
  while (!references_.empty() && frame.number - references_.front() >= kReferences)
    references_.erase(references_.begin());
  const auto number16 = static_cast<std::uint16_t>(frame.number);
  past_[number16 % past_.size()] = {
      true, number16, {frame.key, static_cast<std::uint16_t>(frame.newest_needed)}};

  const std::int64_t interval = 1'000'000'000 / fps_;
  const std::int64_t wander = scaled(interval, kIntervalScaleQ16, random_.next());
  // Encoding cannot end before it began, and a frame is done before the next one comes.
  const std::int64_t base = encode_time(layer_).count();
  frame.encode = Duration{std::clamp<std::int64_t>(base + wander, base / 2, interval * 9 / 10)};
  return frame;
}

void VideoModel::reach_rate() {
  if (current_bps_ == target_bps_) return;
  current_bps_ += step_bps_;
  const bool reached = step_bps_ >= 0 ? current_bps_ >= target_bps_ : current_bps_ <= target_bps_;
  if (reached || step_bps_ == 0) current_bps_ = target_bps_;
}

std::int64_t VideoModel::varied(std::int64_t value, std::int64_t scale_q16) {
  return value + scaled(value, scale_q16, random_.next());
}

std::int64_t VideoModel::size_of_next(const Frame& frame) {
  reach_rate();
  std::int64_t average = std::max(kSmallestFrame, current_bps_ / 8 / fps_);
  if (temporal_) {
    const std::int64_t part = frame.temporal_id == 0 ? kBasePercent : 100 - kBasePercent;
    average = std::max(kSmallestFrame, average * part / 50);
  }
  std::int64_t size = varied(average, kSizeScaleQ16);
  if (frame.key) {
    size = size * kKeyFrameTenths / 10;
  } else if (healed_) {
    size = size * kInvalidatedTenths / 10;
  } else {
    const std::int64_t most = average * kPayBackTenths / 10;
    size -= std::clamp(surplus_, -most, most);
  }
  size = std::max(size, kSmallestFrame);
  surplus_ += size - average;
  return size;
}

void split_into_nals(const VideoModel::Frame& frame, bool with_bytes,
                     std::vector<mesh::NalUnit>& out) {
  out.clear();
  const std::uint32_t count = (frame.bytes + kLargestNal - 1) / kLargestNal;
  for (std::uint32_t i = 0; i < count; ++i) {
    // Slices of nearly equal size, as slice-max-size cuts them at macroblock rows.
    const std::uint32_t size = frame.bytes / count + (i < frame.bytes % count ? 1 : 0);
    out.push_back({with_bytes ? (frame.key ? kIdrSlice : kSlice).data() : nullptr, size});
  }
}

ByteCount audio_frame_bytes(Bitrate rate) {
  return ByteCount::bytes(rate.bytes_in(kAudioFrame).count() * kYieldSound / 1000);
}

ByteSpan audio_bytes(std::uint32_t length) {
  return ByteSpan{kAudioPattern}.first(std::min<std::size_t>(length, kAudioPattern.size()));
}

VoiceModel::Level VoiceModel::next_frame(std::optional<bool> speaks) {
  // Chances per 20 ms frame: 20 / 1004 to fall silent, 20 / 1587 to begin and 20 / 300 after a
  // breath, of 2^32.
  constexpr std::uint32_t kToSilence = 85'557'118;
  constexpr std::uint32_t kToTalk = 54'126'877;
  constexpr std::uint32_t kToGoOn = 286'331'153;
  const std::uint64_t draw = random_.next();
  if (static_cast<std::uint32_t>(draw >> 32) < (talks_ ? kToSilence : speaks ? kToGoOn : kToTalk))
    talks_ = !talks_;
  if (speaks && (!*speaks || !had_floor_)) talks_ = *speaks;
  had_floor_ = speaks.value_or(false);
  // Speech about −26 dBov (ITU-T P.56 practice) with ± 4 dB of movement and 20 dB less between
  // syllables, a room's noise at −60.
  const auto movement = static_cast<std::uint8_t>(draw % 9);
  const std::uint8_t loud = (draw >> 8) % 4 == 0 ? 42 : 22;
  return talks_ ? Level{static_cast<std::uint8_t>(loud + movement), true} : Level{60, false};
}

}  // namespace diemcau::sim
