// Plans from NAL sizes alone, so that elided frames are cut exactly as real ones.
#include "core/send/packetizer.h"

#include <algorithm>

#include "core/units/media_time.h"

namespace diemcau::send {

namespace {
constexpr std::size_t kMaxNals = 65'535;

std::uint8_t diff(std::uint32_t frame, std::uint32_t needed) {
  // A reference window is ≤ 16 frames; what is further back than a byte can say is as good as
  // unreachable.
  return static_cast<std::uint8_t>(std::min<std::uint32_t>(frame - needed, 255));
}
}  // namespace

std::span<const OutgoingPacket> Packetizer::video(const VideoFrameInfo& info,
                                                  std::span<const std::uint32_t> sizes,
                                                  std::span<const ByteSpan> nals) {
  result_.clear();
  if (sizes.empty() || sizes.size() > kMaxNals ||
      std::find(sizes.begin(), sizes.end(), 0U) != sizes.end()) {
    return {};
  }
  OutgoingPacket packet;
  packet.source = info.source;
  packet.captured = info.captured;
  packet.rtp_timestamp = MediaTime::from(info.captured_at.time_since_epoch(), kVideoClockHz).rtp();
  packet.descriptor.frame_number = static_cast<std::uint16_t>(info.frame_number);
  packet.descriptor.layer = info.layer;
  packet.descriptor.temporal_id = info.temporal_id;
  packet.descriptor.key = info.key;
  if (!info.key) {
    packet.descriptor.newest_needed_diff = diff(info.frame_number, info.newest_needed);
    packet.descriptor.oldest_needed_diff = diff(info.frame_number, info.oldest_needed);
  }
  const bool elided = nals.empty();
  wire::H264Planner planner(sizes, kMaxPayload);
  while (const auto plan = planner.next()) {
    packet.payload = packets_.take();
    if (elided) {
      packet.payload->set_size(0, plan->size);
    } else {
      ByteWriter writer(packet.payload->buffer());
      wire::write_h264_payload(writer, *plan, nals);
      DC_CHECK(writer.ok() && writer.size() == plan->size);
      packet.payload->set_size(writer.size());
    }
    packet.descriptor.start = result_.empty();
    packet.descriptor.end = plan->last;
    result_.push_back(packet);
  }
  return result_;
}

// The sample count goes on from frame to frame (RFC 7587 §4.1 wants a steady clock), and a hole in
// the capture moves it on by as much. A device's own clock is none: at 200 ppm the two are two
// frames apart after three minutes. Nor is a thread that woke late: its frames follow at once.
std::uint32_t Packetizer::audio_timestamp(const AudioFrameInfo& info) {
  const std::int64_t by_clock =
      MediaTime::from(info.captured_at.time_since_epoch(), kAudioClockHz).ticks();
  constexpr std::int64_t kHole = 9'600;  // 200 ms
  if (next_sample_ < 0) {
    next_sample_ = by_clock;
  } else if (by_clock - expected_by_clock_ > kHole) {
    next_sample_ += by_clock - expected_by_clock_;
  }
  const std::int64_t at = next_sample_;
  next_sample_ += info.samples;
  expected_by_clock_ = by_clock + info.samples;
  return static_cast<std::uint32_t>(at);
}

std::span<const OutgoingPacket> Packetizer::audio(const AudioFrameInfo& info, ByteSpan bytes,
                                                  std::uint32_t length) {
  result_.clear();
  if (length == 0 || length > kMaxPayload) return {};
  OutgoingPacket packet;
  packet.source = Source::microphone;
  packet.captured = info.captured;
  packet.level = info.level;
  packet.rtp_timestamp = audio_timestamp(info);
  packet.payload = packets_.take();
  if (bytes.empty()) {
    packet.payload->set_size(0, length);
  } else {
    std::copy(bytes.begin(), bytes.end(), packet.payload->data());
    packet.payload->set_size(bytes.size());
  }
  result_.push_back(std::move(packet));
  return result_;
}

}  // namespace diemcau::send
