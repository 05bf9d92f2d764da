// From an unsealed packet of sound to PlayAudio and RecordBytes.
#include "core/mesh/inbound.h"
#include "core/units/media_time.h"
#include "core/wire/redundancy.h"

namespace diemcau::mesh {

namespace {
AudioAction action_of(receive::AudioStep step) {
  switch (step) {
    case receive::AudioStep::normal: return AudioAction::normal;
    case receive::AudioStep::accelerate: return AudioAction::accelerate;
    case receive::AudioStep::decelerate: return AudioAction::decelerate;
    case receive::AudioStep::stretch: return AudioAction::stretch;
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
    case AudioAction::stretch: return receive::AudioStep::stretch;
    case AudioAction::expand: return receive::AudioStep::expand;
    case AudioAction::silence: return receive::AudioStep::silence;
  }
  return receive::AudioStep::silence;
}
}  // namespace

std::optional<quality::DropReason> Inbound::audio_arrived(const Coming& coming, Stream& stream,
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
  if (coming.repaired) {
    if (fresh) stream.meter.packet_repaired();
  } else {
    stream.meter.packet_arrived(coming.received_at, id, rtp.header.timestamp, packet->wire_size(),
                                fresh);
  }
  if (!fresh) return quality::DropReason::replay;
  if (rtp.extensions.audio_level)
    context_.speaker.heard(coming.now, context_.peer, rtp.extensions.audio_level->dbov);
  if (!coming.repaired) sound_.set_earlier_comes(sound->count > 1);
  using Insert = receive::AudioBuffer::Insert;
  for (std::size_t back = sound->count; back-- > 0;) {
    const wire::SoundBlock& block = sound->blocks[sound->count - 1 - back];
    receive::AudioFrame frame;
    // Frames between may be left out.
    frame.id = id - static_cast<PacketId>(wire::frames_behind(block.behind));
    if (!stream.frames_seen.add(frame.id)) continue;
    frame.rtp_timestamp = rtp.header.timestamp - block.behind;
    frame.captured = *captured + -MediaTime(block.behind, kAudioClockHz).duration();
    frame.payload_offset = static_cast<std::uint16_t>(rtp.payload_offset + block.offset);
    const auto length = static_cast<std::uint16_t>(block.length);
    (packet->elided() > 0 ? frame.elided_size : frame.payload_size) = length;
    frame.packet = packet;
    if (back == 0 && !coming.repaired) {
      impairment_.sound_arrived(coming.received_at, local_time(frame.captured),
                                frame.rtp_timestamp);
    }
    Coming by = coming;
    by.repaired = by.repaired || back > 0;
    const Insert result = take_sound(by, std::move(frame));
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

receive::AudioBuffer::Insert Inbound::take_sound(const Coming& coming, receive::AudioFrame frame) {
  frame.captured_at = local_time(frame.captured);
  if (context_.records) {
    sound_record_.insert(coming.now, frame);
    record_sound(coming.now);
  }
  return sound_.insert(coming.received_at, std::move(frame), coming.repaired);
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
    play.captured = pull.frame->captured;
    play.captured_at = pull.frame->captured_at;
    play.media = media_of_sound(*pull.frame);
  }
  context_.out.push(std::move(play));
  // The answer comes soon.
  if (const Stream* stream = find(StreamId{context_.peer, Source::microphone, Layer::only}))
    stream->meter.fetch_played();
  diemcau::fetch(&sync_, sizeof sync_);
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
  sync_.sound_held(sound_.minimum_delay());
  if (sync_.update(now, sound_.target_delay(), face_.buffer.target_delay())) {
    sound_.set_minimum_delay(sync_.audio_minimum());
    face_.buffer.set_minimum_delay(sync_.video_minimum());
  }
}

}  // namespace diemcau::mesh
