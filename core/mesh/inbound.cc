// From an unsealed RTP packet to PlayAudio, DecodeFrame, ShowFrame and RecordBytes.
#include "core/mesh/inbound.h"

#include <algorithm>

#include "core/units/media_time.h"
#include "core/wire/redundancy.h"

namespace diemcau::mesh {

namespace {
constexpr std::size_t kMaxStreams = 16;
// A loss is told again if the refresh has not come after a round trip and three frames.
constexpr Duration kRepeatLoss = 150ms;
constexpr Duration kUnknownRtt = 100ms;
// A better layer whose pictures are so far behind those of a lesser one has ended or is stuck: two
// pictures.
constexpr Duration kLayerEnded = 70ms;
// A stream that has been silent for so long has been stopped by its sender: nothing of it is lost.
constexpr Duration kStreamStopped = 500ms;

std::uint32_t clock_of(const StreamId& id) {
  return media_of(id.source) == MediaKind::audio ? kAudioClockHz : kVideoClockHz;
}
AudioAction action_of(receive::AudioStep step) {
  switch (step) {
    case receive::AudioStep::normal: return AudioAction::normal;
    case receive::AudioStep::accelerate: return AudioAction::accelerate;
    case receive::AudioStep::decelerate: return AudioAction::decelerate;
    case receive::AudioStep::expand: return AudioAction::expand;
    case receive::AudioStep::silence: return AudioAction::silence;
  }
  return AudioAction::silence;
}

// The frames in a packet of sound.
std::optional<wire::SoundBlocks> blocks_of(const wire::RtpPacket& rtp, const Packet& packet) {
  if (rtp.header.payload_type == wire::kRedundantPayloadType) {
    return wire::parse_redundancy(packet.bytes().subspan(rtp.payload_offset, rtp.payload_size),
                                  packet.elided());
  }
  wire::SoundBlocks own;
  own.blocks[own.count++].length = rtp.payload_size + packet.elided();
  return own;
}

receive::AudioStep step_of(AudioAction action) {
  switch (action) {
    case AudioAction::normal: return receive::AudioStep::normal;
    case AudioAction::accelerate: return receive::AudioStep::accelerate;
    case AudioAction::decelerate: return receive::AudioStep::decelerate;
    case AudioAction::expand: return receive::AudioStep::expand;
    case AudioAction::silence: return receive::AudioStep::silence;
    case AudioAction::redundant: return receive::AudioStep::normal;  // as long as a frame
  }
  return receive::AudioStep::silence;
}
}  // namespace

Inbound::Stream::Stream(StreamId stream, Ssrc s)
    : id(stream),
      ssrc(s),
      times(clock_of(stream)),
      meter(stream.origin, media_of(stream.source), stream.layer, clock_of(stream)) {}

Inbound::Live* Inbound::find(Ssrc ssrc) {
  for (Live& live : live_) {
    if (live.ssrc == ssrc) return &live;
  }
  return nullptr;
}

Inbound::Stream* Inbound::find(const StreamId& id) {
  for (const Live& live : live_) {
    if (live.id == id) return live.stream;
  }
  return nullptr;
}

void Inbound::association_began() {
  live_.clear();
  sound_.stop();
  sound_record_.restart();
  pictures_.restart();
  shown_layer_.reset();
  arrivals_.clear();
}

// A stream that goes on under a new SSRC keeps its figures; everything else about it starts anew.
void Inbound::streams_announced(const std::vector<wire::StreamEntry>& entries) {
  for (const wire::StreamEntry& entry : entries) {
    if (find(entry.ssrc) != nullptr) continue;
    const StreamId id{context_.peer, entry.source, entry.layer};
    auto fresh = std::make_unique<Stream>(id, entry.ssrc);
    const auto old = std::find_if(streams_.begin(), streams_.end(),
                                  [&id](const auto& s) { return s->id == id; });
    if (old == streams_.end() && streams_.size() == kMaxStreams) continue;
    std::erase_if(live_, [&id](const Live& live) { return live.id == id; });
    live_.push_back({entry.ssrc, id, fresh.get(), nullptr});
    if (old != streams_.end()) {
      fresh->meter = (*old)->meter;
      *old = std::move(fresh);
    } else {
      streams_.push_back(std::move(fresh));
    }
  }
}

Timestamp Inbound::local_time(NtpTime captured) const {
  return context_.wall.local(captured + -clock_.offset());
}

std::optional<quality::DropReason> Inbound::rtp_arrived(Timestamp now, Timestamp received_at,
                                                        PacketRef packet) {
  const auto rtp = wire::parse_rtp(packet->bytes());
  if (!rtp) return quality::DropReason::malformed;
  Live* live = find(rtp->header.ssrc);
  if (live == nullptr) return quality::DropReason::unknown;
  keep_seconds(now);
  impairment_.packet_arrived(received_at);
  static_cast<void>(arrivals_.add(received_at, rtp->header.ssrc, rtp->header.seq));
  if (media_of(live->id.source) == MediaKind::video) {
    if (!rtp->extensions.frame_descriptor) return quality::DropReason::malformed;
    if (live->pictures == nullptr) {
      live->stream->pictures = std::make_unique<Pictures>(context_.frames);
      live->pictures = live->stream->pictures.get();
    }
    return video_arrived(now, *live->stream, *rtp, std::move(packet));
  }
  return audio_arrived(now, received_at, *live->stream, *rtp, std::move(packet));
}

// ------------------------------------------------------------------ sound

std::optional<quality::DropReason> Inbound::audio_arrived(Timestamp now, Timestamp received_at,
                                                          Stream& stream,
                                                          const wire::RtpPacket& rtp,
                                                          PacketRef packet) {
  const auto sound = blocks_of(rtp, *packet);
  if (!sound) return quality::DropReason::malformed;
  std::optional<NtpTime> captured;
  if (rtp.extensions.absolute_capture) captured = rtp.extensions.absolute_capture->captured;
  captured = stream.times.at(rtp.header.timestamp, captured);
  if (!captured) return quality::DropReason::malformed;  // our senders place every frame in time
  const PacketId id = stream.sequence.unwrap(rtp.header.seq);
  const bool fresh = stream.packets_seen.add(id);
  stream.meter.packet_arrived(received_at, id, rtp.header.timestamp, packet->wire_size(), fresh);
  if (!fresh) return quality::DropReason::replay;
  if (rtp.extensions.audio_level)
    context_.speaker.heard(now, context_.peer, rtp.extensions.audio_level->dbov);
  using Insert = receive::AudioBuffer::Insert;
  for (std::size_t back = sound->count; back-- > 0;) {
    const wire::SoundBlock& block = sound->blocks[sound->count - 1 - back];
    receive::AudioFrame frame;
    frame.id = id - static_cast<PacketId>(back);
    if (!stream.frames_seen.add(frame.id)) continue;
    frame.rtp_timestamp = rtp.header.timestamp - block.behind;
    frame.captured = *captured + -MediaTime(block.behind, kAudioClockHz).duration();
    frame.payload_offset = static_cast<std::uint16_t>(rtp.payload_offset + block.offset);
    const auto length = static_cast<std::uint16_t>(block.length);
    (packet->elided() > 0 ? frame.elided_size : frame.payload_size) = length;
    frame.packet = packet;
    if (back == 0)
      impairment_.sound_arrived(received_at, local_time(frame.captured), frame.rtp_timestamp);
    const Insert result = take_sound(now, received_at, std::move(frame));
    if (back > 0) {
      if (result == Insert::fresh) stream.meter.frame_recovered();
    } else if (result == Insert::late) {
      impairment_.sound_late();
      stream.meter.frame_late();
      return quality::DropReason::late;
    }
  }
  return std::nullopt;
}

receive::AudioBuffer::Insert Inbound::take_sound(Timestamp now, Timestamp received_at,
                                                 receive::AudioFrame frame) {
  frame.captured_at = local_time(frame.captured);
  if (context_.records) {
    sound_record_.insert(now, frame);
    record_sound(now);
  }
  return sound_.insert(received_at, std::move(frame));
}

Media Inbound::media_of_sound(const receive::AudioFrame& frame) {
  Media media;
  media.packet = frame.packet;
  media.bytes = frame.bytes();
  media.length = frame.length();
  return media;
}

void Inbound::record_sound(Timestamp now) {
  while (const auto frame = sound_record_.poll(now)) {
    RecordBytes record;
    record.stream = {context_.peer, Source::microphone, Layer::only};
    record.captured = frame->captured;
    record.captured_at = frame->captured_at;
    record.media = media_of_sound(*frame);
    context_.out.push(std::move(record));
  }
}

void Inbound::audio_wanted(Timestamp now, std::uint32_t queued_samples) {
  keep_seconds(now);
  impairment_.device_asked(now);
  auto pull = sound_.pull(now, queued_samples);
  PlayAudio play;
  play.origin = context_.peer;
  play.action = action_of(pull.step);
  if (pull.frame) {
    play.captured_at = pull.frame->captured_at;
    play.media = media_of_sound(*pull.frame);
  }
  context_.out.push(std::move(play));
}

void Inbound::audio_played(Timestamp now, const AudioPlayed& played) {
  sound_.played(step_of(played.action), played.samples);
  Stream* stream = find(StreamId{context_.peer, Source::microphone, Layer::only});
  if (stream == nullptr || played.action == AudioAction::silence) return;
  stream->meter.samples_played(played.samples, played.action == AudioAction::expand);
  if (!played.captured_at) return;
  const Duration delay = played.plays_at - *played.captured_at;
  stream->meter.sound_played(delay);
  if (!clock_.known()) return;
  sync_.sound_played(now, delay);
  if (sync_.update(now, sound_.target_delay(), pictures_.target_delay())) {
    sound_.set_minimum_delay(sync_.audio_minimum());
    pictures_.set_minimum_delay(sync_.video_minimum());
  }
}

// ---------------------------------------------------------------- pictures

std::optional<quality::DropReason> Inbound::video_arrived(Timestamp now, Stream& stream,
                                                          const wire::RtpPacket& rtp,
                                                          PacketRef packet) {
  const PacketId id = stream.sequence.unwrap(rtp.header.seq);
  const std::size_t size = packet->wire_size();
  const Timestamp received_at = now;
  stream.pictures->arrived_at = now;
  receive::Assembly& assembly = stream.pictures->assembly;
  assembly.set_reorder_tolerance(std::clamp<Duration>(3 * stream.meter.jitter(), 10ms, 60ms));
  const auto result = assembly.insert(now, id, rtp, std::move(packet));
  using Insert = receive::Assembly::Insert;
  stream.meter.packet_arrived(received_at, id, rtp.header.timestamp, size,
                              result != Insert::duplicate);
  if (const auto newest = assembly.newest_frame()) stream.meter.frame_seen(*newest);
  release_frames(now, stream);
  if (result == Insert::late) return quality::DropReason::late;
  if (result == Insert::duplicate) return quality::DropReason::replay;
  return std::nullopt;
}

void Inbound::release_frames(Timestamp now, Stream& stream) {
  while (auto frame = stream.pictures->assembly.poll()) {
    const auto captured = stream.times.at(frame->rtp_timestamp, frame->captured);
    const NtpTime ntp = captured.value_or(context_.wall.at(now));
    const Timestamp captured_at = local_time(ntp);
    stream.pictures->pending_of(frame->frame_number) = {frame->frame_number, captured_at, now};
    Media media;
    media.bytes = frame->frame->bytes;
    media.length = frame->frame->length;
    media.frame = frame->frame;
    const auto number = static_cast<std::uint32_t>(frame->frame_number);
    if (context_.records) {
      context_.out.push(RecordBytes{stream.id, number, frame->key, ntp, captured_at, media});
    }
    context_.out.push(DecodeFrame{stream.id, number, frame->key, captured_at, std::move(media)});
  }
}

void Inbound::frame_decoded(Timestamp now, const FrameDecoded& decoded) {
  Stream* stream = find(decoded.stream);
  if (stream == nullptr || !stream->pictures) return;
  const auto number = static_cast<std::int64_t>(decoded.frame_number);
  const Pictures::Pending& pending = stream->pictures->pending_of(number);
  if (pending.frame_number != number) return;
  impairment_.picture_decoded(now - pending.asked_at);
  if (!decoded.ok) {
    stream->meter.frame_undecodable();
    stream->pictures->assembly.decode_failed(number);
    return;
  }
  const Layer layer = decoded.stream.layer;
  if (!shows(layer, pending.captured_at)) return;  // the other layer of a switch
  if (shown_layer_ && *shown_layer_ != layer) {
    pictures_.layer_changed();
    Stream* before = find(StreamId{context_.peer, Source::camera, *shown_layer_});
    if (before != nullptr) stream->meter.picture_goes_on(before->meter);
  }
  shown_layer_ = viewed_layer_ = layer;
  shown_captured_at_ = pending.captured_at;
  if (const auto showing = pictures_.decoded(now, number, pending.captured_at)) {
    context_.out.push(
        ShowFrame{decoded.stream, decoded.frame_number, pending.captured_at, showing->at});
  }
}

bool Inbound::shows(Layer layer, Timestamp captured_at) const {
  if (!shown_layer_ || layer == *shown_layer_) return true;
  const Duration newer_by = captured_at - shown_captured_at_;
  return layer > *shown_layer_ ? newer_by > Duration::zero() : newer_by > kLayerEnded;
}

void Inbound::frame_shown(const FrameShown& shown) {
  Stream* stream = find(shown.stream);
  if (stream == nullptr || !stream->pictures) return;
  const auto number = static_cast<std::int64_t>(shown.frame_number);
  const Pictures::Pending& pending = stream->pictures->pending_of(number);
  if (pending.frame_number != number) return;
  const Duration delay = shown.shown_at - pending.captured_at;
  stream->meter.frame_shown(shown.shown_at, delay);
  if (!expects_picture()) stream->meter.picture_paused();
  if (clock_.known()) sync_.picture_shown(shown.shown_at, delay);
}

// ------------------------------------------------------------ time, losses

void Inbound::time_passed(Timestamp now) {
  keep_seconds(now);
  if (context_.records) record_sound(now);
  for (const Live& live : live_) {
    if (live.pictures == nullptr) continue;
    receive::Assembly& assembly = live.pictures->assembly;
    const auto due = assembly.deadline();
    if (!due || *due > now) continue;
    assembly.time_passed(now);
    release_frames(now, *live.stream);
  }
}

std::optional<Timestamp> Inbound::deadline() const {
  std::optional<Timestamp> first;
  if (context_.records) first = sound_record_.deadline();
  for (const Live& live : live_) {
    if (live.pictures == nullptr) continue;
    const auto due = live.pictures->assembly.deadline();
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

std::optional<Inbound::LossToReport> Inbound::poll_loss(Timestamp now,
                                                        std::optional<Duration> rtt) {
  for (const Live& live : live_) {
    if (live.pictures == nullptr || now - live.pictures->arrived_at > kStreamStopped) continue;
    receive::Assembly& assembly = live.pictures->assembly;
    if (const auto loss = assembly.take_loss(now, kRepeatLoss + rtt.value_or(kUnknownRtt))) {
      return LossToReport{live.ssrc, *loss};
    }
  }
  return std::nullopt;
}

bool Inbound::write_feedback(ByteWriter& out, Ssrc sender, Timestamp now) {
  return arrivals_.write_report(out, now, context_.wall.at(now), sender);
}

}  // namespace diemcau::mesh
