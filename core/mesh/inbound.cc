// From an unsealed RTP packet to DecodeFrame, ShowFrame and RecordBytes; sound is in
// inbound_sound.cc.
#include "core/mesh/inbound.h"

#include <algorithm>
#include <cstddef>

#include "core/units/media_time.h"

namespace diemcau::mesh {

namespace {
constexpr std::size_t kMaxStreams = 16;
// A loss is told again if the refresh has not come after a round trip and three frames.
constexpr Duration kRepeatLoss = 150ms;
constexpr Duration kUnknownRtt = 100ms;
// Every second number so often in a row: it comes at half rate.
constexpr std::uint8_t kHalvesToTell = 2;
// A stream that has been silent for so long has been stopped by its sender: nothing of it is lost.
constexpr Duration kStreamStopped = 500ms;

std::uint32_t clock_of(const StreamId& id) {
  return media_of(id.source) == MediaKind::audio ? kAudioClockHz : kVideoClockHz;
}
}  // namespace

InboundStream::InboundStream(StreamId stream, Ssrc s)
    : id(stream), ssrc(s), times(clock_of(stream)), meter(stream, clock_of(stream)) {}

Inbound::Live* Inbound::find(Ssrc ssrc) {
  for (Live& live : live_) {
    if (live.ssrc == ssrc) return &live;
  }
  return nullptr;
}

Inbound::Stream* Inbound::find(const StreamId& id) const {
  for (const Live& live : live_) {
    if (live.id == id) return live.stream;
  }
  return nullptr;
}

std::optional<Ssrc> Inbound::ssrc_of(const StreamId& id) const {
  const Stream* stream = find(id);
  return stream != nullptr ? std::optional(stream->ssrc) : std::nullopt;
}

// Every input asks the pictures of a peer: not those of layers that it only might send.
void Inbound::list_pictures() {
  pictures_known_ = false;
  with_pictures_.clear();
  for (const Live& live : live_) {
    if (live.pictures != nullptr) with_pictures_.push_back(live);
  }
}

void Inbound::association_began() {
  live_.clear();
  list_pictures();
  sound_.stop();
  sound_record_.restart();
  for (PictureView* view : {&face_, &page_}) {
    view->buffer.restart();
    view->shown.reset();
  }
  arrivals_.clear();
  repair_ssrc_.reset();
  repair_.restart();
  told_missing_ = {};
}

// A stream that goes on under a new SSRC keeps its figures; everything else about it starts anew.
void Inbound::streams_announced(Timestamp now, const std::vector<wire::StreamEntry>& entries) {
  for (const wire::StreamEntry& entry : entries) {
    if (find(entry.ssrc) != nullptr) continue;
    if (entry.source == Source::repair) {
      repair_ssrc_ = entry.ssrc;
      continue;
    }
    const StreamId id{context_.peer, entry.source, entry.layer};
    const auto old = std::find_if(streams_.begin(), streams_.end(),
                                  [&id](const auto& s) { return s->id == id; });
    if (old == streams_.end() && streams_.size() == kMaxStreams) continue;
    if (!beginnings_.take(now)) continue;
    auto fresh = std::make_unique<Stream>(id, entry.ssrc);
    std::erase_if(live_, [&id](const Live& live) { return live.id == id; });
    live_.push_back({entry.ssrc, id, fresh.get(), nullptr});
    if (old != streams_.end()) {
      fresh->meter = (*old)->meter;
      fresh->meter.began_anew();
      *old = std::move(fresh);
    } else {
      streams_.push_back(std::move(fresh));
    }
  }
  list_pictures();
}

Timestamp Inbound::local_time(NtpTime captured) const {
  return context_.wall.local(captured + -clock_.offset());
}

std::optional<quality::DropReason> Inbound::rtp_arrived(Timestamp now, Timestamp received_at,
                                                        PacketRef packet,
                                                        std::optional<Duration> round_trip) {
  const auto rtp = wire::parse_rtp(packet->bytes());
  if (!rtp) return quality::DropReason::malformed;
  if (rtp->header.ssrc == repair_ssrc_) {
    static_cast<void>(arrivals_.add(received_at, rtp->header.ssrc, rtp->header.seq));
    if (!repair_.repair_arrived(now, *rtp, packet, round_trip))
      return quality::DropReason::malformed;
    take_recovered(now);
    tell_missing(now);
    return std::nullopt;
  }
  Live* live = find(rtp->header.ssrc);
  if (live == nullptr) return quality::DropReason::unknown;
  keep_seconds(now);
  impairment_.packet_arrived(received_at);
  static_cast<void>(arrivals_.add(received_at, rtp->header.ssrc, rtp->header.seq));
  Coming coming{now, received_at, std::nullopt};
  if (rtp->extensions.symbol_id) {
    const auto arrival = repair_.media_arrived(now, *rtp->extensions.symbol_id, packet, round_trip);
    if (arrival.repaired_before) return quality::DropReason::replay;
    coming.symbol = arrival.id;
    const auto& descriptor = rtp->extensions.frame_descriptor;
    if (descriptor && descriptor->start) repair_.picture_began(now, arrival.id);
  }
  const auto reason = media_arrived(coming, *live, *rtp, std::move(packet));
  take_recovered(now);
  tell_missing(now);
  return reason;
}

std::optional<quality::DropReason> Inbound::media_arrived(const Coming& coming, Live& live,
                                                          const wire::RtpPacket& rtp,
                                                          PacketRef packet) {
  if (media_of(live.id.source) == MediaKind::video) {
    if (!rtp.extensions.frame_descriptor) return quality::DropReason::malformed;
    if (live.pictures == nullptr) {
      live.stream->pictures = std::make_unique<Pictures>(context_.frames);
      live.pictures = live.stream->pictures.get();
      live.pictures->assembly.set_oldest_missing(told_missing_.first, told_missing_.second);
      list_pictures();
    }
    return video_arrived(coming, *live.stream, rtp, std::move(packet));
  }
  return audio_arrived(coming, *live.stream, rtp, std::move(packet));
}

// What repair gives back goes the way of what arrives, but says nothing about the line.
void Inbound::take_recovered(Timestamp now) {
  while (auto recovered = repair_.poll(now)) {
    const auto rtp = wire::parse_rtp(recovered->packet->bytes());
    Live* live = rtp ? find(rtp->header.ssrc) : nullptr;
    if (live == nullptr) continue;
    const Coming coming{now, now, recovered->id, true};
    static_cast<void>(media_arrived(coming, *live, *rtp, std::move(recovered->packet)));
  }
}

void Inbound::tell_missing(Timestamp now) {
  const auto oldest = repair_.oldest_missing();
  const bool late = repair_.late();
  if (const auto silence = repair_.take_outage()) outage_over(now, *silence);
  if (!late && told_missing_ == std::pair(oldest, false)) return;
  told_missing_ = {oldest, late};
  bool waits = false;
  pictures_known_ = false;
  for (const Live& live : with_pictures_) {
    receive::Assembly& assembly = live.pictures->assembly;
    assembly.set_oldest_missing(oldest, late);
    if (!assembly.waits_for_repair()) continue;
    assembly.time_passed(now);
    release_frames(now, *live.stream);
    waits = waits || assembly.waits_for_repair();
  }
  // The pictures have gone on without it, and for sound it is too late.
  if (late && !waits) repair_.let_late_go();
}

// The encoder is told without a picture that shows what is lost: it would be one more that leans on
// it.
void Inbound::outage_over(Timestamp now, Duration silence) {
  for (const Live& live : with_pictures_) {
    if (now - silence - live.pictures->arrived_at > kStreamStopped) continue;
    live.pictures->arrived_at = now;
    live.pictures->assembly.outage_over();
  }
  pictures_known_ = false;
}

// ---------------------------------------------------------------- pictures

std::optional<quality::DropReason> Inbound::video_arrived(const Coming& coming, Stream& stream,
                                                          const wire::RtpPacket& rtp,
                                                          PacketRef packet) {
  const Timestamp now = coming.now;
  const PacketId id = stream.sequence.unwrap(rtp.header.seq);
  const std::size_t size = packet->wire_size();
  stream.pictures->arrived_at = now;
  pictures_known_ = false;
  receive::Assembly& assembly = stream.pictures->assembly;
  assembly.set_reorder_tolerance(std::clamp<Duration>(3 * stream.meter.jitter(), 10ms, 60ms));
  const auto result = assembly.insert(now, id, rtp, std::move(packet), coming.symbol);
  using Insert = receive::Assembly::Insert;
  if (!coming.repaired) {
    stream.meter.packet_arrived(now, id, rtp.header.timestamp, size, result != Insert::duplicate);
  } else if (result == Insert::fresh) {
    stream.meter.packet_repaired();
  }
  if (const auto newest = assembly.newest_frame()) stream.meter.frame_seen(*newest);
  stream.meter.frames_left_out(assembly.take_left_out());
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
    stream.pictures->pending_of(frame->frame_number) = {frame->frame_number, captured_at, now,
                                                        frame->rtp_timestamp,
                                                        frame->mended && repair_.blacks_out(now)};
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

InboundPictures::Pending& InboundPictures::pending_of(std::int64_t frame) {
  return pending[static_cast<std::size_t>(frame) % pending.size()];
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
    pictures_known_ = false;
    return;
  }
  Pictures& own = *stream->pictures;
  if (number != own.decoded_last + 2) {
    own.halves = 0;
  } else if (own.halves < kHalvesToTell) {
    ++own.halves;
  }
  own.decoded_last = number;
  const Layer layer = decoded.stream.layer;
  PictureView& view = view_of(decoded.stream.source);
  if (!view.shows(layer, pending.captured_at, comes_in_halves(view)))
    return;  // the other layer of a switch
  if (view.shown && *view.shown != layer) {
    view.buffer.layer_changed();
    Stream* before = find(StreamId{context_.peer, view.source, *view.shown});
    if (before != nullptr) stream->meter.picture_goes_on(before->meter);
  }
  view.shown = view.viewed = layer;
  view.shown_captured_at = pending.captured_at;
  if (const auto showing = view.buffer.decoded(now, number, pending.captured_at, pending.mended)) {
    own.assembly.set_showing(pending.rtp_timestamp,
                             pending.captured_at + view.buffer.target_delay());
    context_.out.push(
        ShowFrame{decoded.stream, decoded.frame_number, pending.captured_at, showing->at});
  }
}

bool Inbound::comes_in_halves(const PictureView& view) const {
  const Stream* stream =
      view.shown ? find(StreamId{context_.peer, view.source, *view.shown}) : nullptr;
  return stream != nullptr && stream->pictures && stream->pictures->halves == kHalvesToTell;
}

void Inbound::frame_shown(const FrameShown& shown) {
  Stream* stream = find(shown.stream);
  if (stream == nullptr || !stream->pictures) return;
  const auto number = static_cast<std::int64_t>(shown.frame_number);
  const Pictures::Pending& pending = stream->pictures->pending_of(number);
  if (pending.frame_number != number) return;
  const Duration delay = shown.shown_at - pending.captured_at;
  stream->meter.frame_shown(shown.shown_at, delay);
  const PictureView& view = view_of(shown.stream.source);
  if (!expects(view)) stream->meter.picture_paused();
  if (&view == &face_ && clock_.known()) sync_.picture_shown(shown.shown_at, delay);
}

// ------------------------------------------------------------ time, losses

void Inbound::time_passed(Timestamp now) {
  keep_seconds(now);
  repair_.time_passed(now);
  tell_missing(now);
  if (context_.records) record_sound(now);
  for (const Live& live : with_pictures_) {
    receive::Assembly& assembly = live.pictures->assembly;
    const auto due = assembly.deadline();
    if (!due || *due > now) continue;
    pictures_known_ = false;
    assembly.time_passed(now);
    release_frames(now, *live.stream);
  }
}

Timestamp Inbound::due() const {
  constexpr Timestamp kNever = Timestamp::max();
  Timestamp first = repair_.deadline().value_or(kNever);
  if (context_.records) first = std::min(first, sound_record_.deadline().value_or(kNever));
  if (!pictures_known_) look_at_pictures();
  return std::min(first, pictures_due_);
}

void Inbound::look_at_pictures() const {
  constexpr Timestamp kNever = Timestamp::max();
  pictures_known_ = true;
  pictures_lack_ = false;
  pictures_due_ = kNever;
  for (const Live& live : with_pictures_) {
    const receive::Assembly& assembly = live.pictures->assembly;
    pictures_lack_ = pictures_lack_ || assembly.lacks_frames();
    pictures_due_ = std::min(pictures_due_, assembly.deadline().value_or(kNever));
  }
}

void Inbound::fetch_stream(ByteSpan packet) const {
  constexpr std::size_t kTouched = 320;  // of a stream, by each of its packets
  constexpr std::size_t kAsked = 256;    // of an assembly
  if (packet.size() < wire::kRtpFixedHeaderBytes) return;
  const Ssrc ssrc{ByteReader{packet.subspan(8)}.u32()};
  arrivals_.fetch(ssrc);
  for (const Live& live : live_) {
    if (live.ssrc != ssrc) continue;
    diemcau::fetch(live.stream, kTouched);
    if (live.id.source == Source::microphone) fetch_sound();
    if (live.pictures == nullptr) continue;
    diemcau::fetch(&live.pictures->assembly, kAsked);
    live.pictures->assembly.fetch_next();
  }
}

std::optional<Inbound::LossToReport> Inbound::poll_loss(Timestamp now,
                                                        std::optional<Duration> rtt) {
  for (const Live& live : with_pictures_) {
    if (now - live.pictures->arrived_at > kStreamStopped) continue;
    receive::Assembly& assembly = live.pictures->assembly;
    if (const auto loss = assembly.take_loss(now, kRepeatLoss + rtt.value_or(kUnknownRtt))) {
      return LossToReport{live.ssrc, *loss};
    }
  }
  return std::nullopt;
}

bool Inbound::write_nack(ByteWriter& out, Ssrc sender, Timestamp now,
                         std::optional<Duration> round_trip) {
  const auto due = repair_.ask(now, round_trip);
  if (due.empty() || !repair_ssrc_) return false;
  std::array<SeqNo, repair::Missing::kMostAsked> lost;
  for (std::size_t i = 0; i < due.size(); ++i) lost[i] = seq_no_of(due[i]);
  wire::write_nack(out, sender, *repair_ssrc_, {lost.data(), due.size()});
  return out.ok();
}

bool Inbound::write_feedback(ByteWriter& out, Ssrc sender, Timestamp now) {
  return arrivals_.write_report(out, now, context_.wall.at(now), sender);
}

}  // namespace diemcau::mesh
