// Ticks are counted from the member's start: neither rounding nor lateness adds up.
#include "sim/devices.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "sim/observer.h"

namespace diemcau::sim {

Devices::Devices(const Scenario& scenario, const WorldOptions& options, const Members& members,
                 EventQueue& events, Deliver deliver)
    : scenario_(scenario),
      options_(options),
      members_(members),
      events_(events),
      deliver_(std::move(deliver)) {}

void Devices::start(Timestamp now, Participant& p) {
  wall_clock(now, p);
  deliver_(p, p.status());
  events_.push(now + p.camera_phase, EventClass::camera, p.index, 0);
  if (p.document) events_.push(now + p.camera_phase, EventClass::screen, p.index, 0);
  microphone_next(now, p, 0);
  for (Participant::Peer& peer : p.peers)
    peer.playout.start(p.clock.local(p.starts_at + p.loudspeaker_phase) + kDeviceTick);
  loudspeaker_next(now, p, 1);
}

// ------------------------------------------------------------ what a bridge asks for
void Devices::perform(Timestamp now, Participant& p, const mesh::PlayAudio& o) {
  const Timestamp at = now + p.host.sound_decoded();
  mesh::AudioPlayed played = p.peers[o.origin.value].playout.perform(p.clock.local(at), o);
  if (options_.observer != nullptr)
    options_.observer->played(members_[o.origin.value]->sound_of(o, played, p.index, p.clock));
  events_.push(at + p.host.from_player(), EventClass::played, p.index,
               playing_.put(std::move(played)));
}

void Devices::perform(Timestamp now, Participant& p, const mesh::DecodeFrame& o) {
  auto& peer = p.peers[o.stream.origin.value];
  // All layers of a document are as large as hi.
  const bool page = o.stream.source == Source::document;
  const Duration took = p.host.decode(page ? Layer::hi : o.stream.layer);
  const auto number = static_cast<std::uint16_t>(o.frame_number);
  const VideoModel* encoder = members_[o.stream.origin.value]->pictures(o.stream);
  const auto need = encoder != nullptr ? encoder->need_of(number) : std::nullopt;
  const bool ok = need && peer.decoder(o.stream).decode(number, *need);
  if (!ok) ++p.undecodable;
  peer.decoder_free_at = std::max(peer.decoder_free_at, now + p.host.to_decoder()) + took;
  events_.push(peer.decoder_free_at + p.host.from_decoder(), EventClass::decoded, p.index,
               decoding_.put({o.stream, o.frame_number, ok, took}));
}

void Devices::perform(Timestamp now, Participant& p, const mesh::ShowFrame& o) {
  const Timestamp at = std::max(p.clock.true_time(o.at), now) + p.host.shown_late();
  events_.push(at + p.host.from_screen(), EventClass::shown, p.index,
               showing_.put({o.stream, o.frame_number, at}));
}

void Devices::perform(Timestamp now, Participant& p, const mesh::SetEncoder& o) {
  if (o.source == Source::document) {
    if (p.document) p.document->layer(o.layer).set(o);
    return;
  }
  VideoModel& video = p.video(o.layer);
  video.set(o);
  if (p.paused || !o.at_once) return;
  if (const auto frame = video.catch_up(scenario_.camera_fps)) encode(now, p, o.layer, *frame);
}

// ------------------------------------------------------------ events
void Devices::handle(Timestamp now, Participant& p, const SimEvent& event) {
  const std::uint32_t payload = event.payload;
  switch (event.what()) {
    case EventClass::encoded: return encoded(now, p, encoding_.take(payload));
    case EventClass::decoded: return deliver_(p, decoding_.take(payload));
    case EventClass::shown: return shown(p, showing_.take(payload));
    case EventClass::played: return deliver_(p, playing_.take(payload));
    case EventClass::camera: return camera(now, p, payload);
    case EventClass::screen: return screen(now, p, payload);
    case EventClass::microphone: return microphone(now, p, payload);
    case EventClass::loudspeaker: return loudspeaker(now, p, payload);
    case EventClass::wall_clock: return wall_clock(now, p);
    default: DC_CHECK(false && "it is no device's");
  }
}

void Devices::drop(const SimEvent& event) {
  if (event.what() == EventClass::encoded) static_cast<void>(encoding_.take(event.payload));
  if (event.what() == EventClass::decoded) static_cast<void>(decoding_.take(event.payload));
  if (event.what() == EventClass::shown) static_cast<void>(showing_.take(event.payload));
  if (event.what() == EventClass::played) static_cast<void>(playing_.take(event.payload));
}

void Devices::camera(Timestamp now, Participant& p, std::uint32_t tick) {
  p.camera_ticked_at = now;
  for (VideoModel& video : p.videos) {
    if (p.paused) break;
    if (const auto frame = video.capture(scenario_.camera_fps))
      encode(now, p, video.layer(), *frame);
  }
  const std::int64_t next_ns = (std::int64_t{tick} + 1) * 1'000'000'000 / scenario_.camera_fps;
  events_.push(p.clock.after(p.starts_at + p.camera_phase, Duration{next_ns}), EventClass::camera,
               p.index, tick + 1);
}

void Devices::encode(Timestamp now, Participant& p, Layer layer, const VideoModel::Frame& frame) {
  p.note_capture(layer, frame.number, p.camera_ticked_at);
  events_.push(p.host.encoded(now, layer, frame.encode), EventClass::encoded, p.index,
               encoding_.put({Source::camera, layer, p.camera_ticked_at, frame}));
}

// A page is turned at the first capture after its time.
void Devices::screen(Timestamp now, Participant& p, std::uint32_t tick) {
  DocumentModel& document = *p.document;
  const DocumentShown* shown = p.document_at(now);
  if (shown != document.shown) {
    document.shown = shown;
    document.page = -1;
    deliver_(p, p.status());
  }
  const std::int64_t page =
      shown != nullptr ? (now - Timestamp{} - shown->from) / shown->turn : document.page;
  const bool turned = std::exchange(document.page, page) != page;
  for (PageModel& layer : document.layers) {
    if (turned) layer.turn(now, shown->page);
    const auto frame = shown != nullptr ? layer.capture(now) : std::nullopt;
    if (!frame) continue;
    events_.push(document.host.encoded(now, Layer::hi, frame->encode), EventClass::encoded, p.index,
                 encoding_.put({Source::document, layer.layer(), now, *frame}));
  }
  const std::int64_t next_ns = (std::int64_t{tick} + 1) * 1'000'000'000 / kPageFps;
  events_.push(p.clock.after(p.starts_at + p.camera_phase, Duration{next_ns}), EventClass::screen,
               p.index, tick + 1);
}

void Devices::encoded(Timestamp now, Participant& p, const EncodedFrame& e) {
  if (options_.observer != nullptr)
    options_.observer->encoded(now, p.index, {{e.source, e.layer}, e.frame.bytes, e.frame.key});
  split_into_nals(e.frame, options_.full_payload, nals_);
  mesh::VideoEncoded input;
  input.source = e.source;
  input.layer = e.layer;
  input.captured_at = p.clock.local(e.captured_at);
  input.frame_number = e.frame.number;
  input.newest_needed = e.frame.newest_needed;
  input.oldest_needed = e.frame.oldest_needed;
  input.temporal_id = e.frame.temporal_id;
  input.key = e.frame.key;
  input.nals = nals_;
  deliver_(p, std::move(input));
}

void Devices::shown(Participant& p, const Picture& picture) {
  const mesh::FrameShown frame{picture.stream, picture.frame_number,
                               p.clock.local(picture.shown_at)};
  const bool page = frame.stream.source == Source::document;
  if (options_.observer != nullptr || page) {
    const PictureShown seen =
        members_[frame.stream.origin.value]->picture_of(frame, p.index, picture.shown_at);
    if (page) pages_.shown(seen);
    if (options_.observer != nullptr) options_.observer->shown(seen);
  }
  deliver_(p, frame);
}

void Devices::microphone_next(Timestamp now, Participant& p, std::uint32_t tick) {
  const Timestamp whole =
      p.clock.after(p.starts_at + p.microphone_phase, kAudioFrame * (std::int64_t{tick} + 1));
  events_.push(std::max(now, whole + p.host.sound_encoded()), EventClass::microphone, p.index,
               tick);
}

void Devices::loudspeaker_next(Timestamp now, Participant& p, std::uint32_t tick) {
  const Timestamp due = p.clock.after(p.starts_at + p.loudspeaker_phase,
                                      kDeviceTick * std::int64_t{tick} - mesh::kAskAhead);
  events_.push(std::max(now, due + p.host.loudspeaker_late()), EventClass::loudspeaker, p.index,
               tick);
}

void Devices::microphone(Timestamp now, Participant& p, std::uint32_t tick) {
  const VoiceModel::Level level = p.voice.next_frame(has_floor(scenario_, p.index, now));
  microphone_next(now, p, tick + 1);
  const bool paused = p.pauses(now);
  if (std::exchange(p.paused, paused) != paused) deliver_(p, p.status());
  if (paused) return;
  mesh::AudioEncoded input;
  input.captured_at =
      p.clock.local(p.starts_at + p.microphone_phase) + kAudioFrame * std::int64_t{tick};
  input.level_dbov = level.dbov;
  input.voice = level.voice;
  input.length = static_cast<std::uint32_t>(audio_frame_bytes(scenario_.rates.audio).count());
  if (options_.full_payload) input.bytes = audio_bytes(input.length);
  deliver_(p, std::move(input));
}

void Devices::loudspeaker(Timestamp now, Participant& p, std::uint32_t tick) {
  const Timestamp local = p.clock.local(now);
  for (std::uint16_t origin = 0; origin < members_.size(); ++origin) {
    auto& peer = p.peers[origin];
    if (!peer.up) continue;
    const std::uint32_t queued = peer.playout.queued(local);
    if (queued < kSamplesPerTick) deliver_(p, mesh::AudioWanted{PeerId{origin}, queued});
  }
  loudspeaker_next(now, p, tick + 1);
}

void Devices::wall_clock(Timestamp now, Participant& p) {
  events_.push(now + 1s, EventClass::wall_clock, p.index);
  const NtpTime shown = p.wall_time(now);
  p.wire_clock.read(p.clock.local(now), shown);
  deliver_(p, mesh::WallClock{shown, kWallSpread});
}

}  // namespace diemcau::sim
