#include "bench/load/load_peer.h"

#include <algorithm>
#include <utility>

#include "core/wire/rtp.h"
#include "node/clock.h"

namespace diemcau::bench {

namespace {
constexpr Duration kSoundTime = 20ms;
// The second byte of such a packet's RTP header; of nothing else that a bridge sends.
constexpr std::uint8_t kLastOfPicture = 0x80 | wire::kVideoPayloadType;
constexpr Duration picture_time(Layer layer) {
  return layer == Layer::lo ? Duration{1s} / 15 : Duration{1s} / 30;
}
}  // namespace

LoadPeer::LoadPeer(boost::asio::io_context& io, std::string id, const Reel& reel)
    : reel_(reel), peer_(io, std::move(id)) {}

void LoadPeer::join(const node::RosterBridge& node, Layer view, std::uint64_t seed, Timestamp now,
                    Duration phase) {
  node::Roster roster;
  roster.bridges = {node, roster_entry()};
  LoopbackPeer::Role role;
  role.sorted = node::by_id(roster);
  role.view = view;
  role.seed = seed;
  role.witness = this;
  for (std::size_t i = 0; i < role.sorted.size(); ++i) {
    if (role.sorted[i].id == node.id) node_ = PeerId{static_cast<std::uint16_t>(i)};
  }
  for (Track& track : tracks_) track.due = now + phase;
  sound_due_ = device_due_ = now + phase;
  loudspeaker_.start(device_due_ + mesh::kAskAhead);
  peer_.join(std::move(role));
}

void LoadPeer::tick(Timestamp now) {
  for (const Layer layer : {Layer::hi, Layer::mid, Layer::lo}) {
    Track& track = tracks_[static_cast<std::size_t>(layer)];
    while (track.due <= now) {
      if (track.active) play_track(layer, now);
      track.due += picture_time(layer);
    }
  }
  for (; sound_due_ <= now; sound_due_ += kSoundTime) play_sound(now);
  for (; device_due_ <= now; device_due_ += sim::kDeviceTick) {
    if (!up_) continue;
    const std::uint32_t queued = loudspeaker_.queued(now);
    if (queued < sim::kSamplesPerTick) peer_.loop().step(mesh::AudioWanted{node_, queued});
  }
}

void LoadPeer::play_track(Layer layer, Timestamp now) {
  Track& track = tracks_[static_cast<std::size_t>(layer)];
  const auto& frames = reel_.video[static_cast<std::size_t>(layer)];
  const ReelFrame& frame = frames[track.at];
  nals_.clear();
  const std::uint8_t* data = frame.bytes.data();
  for (const std::uint32_t size : frame.nal_sizes) {
    nals_.push_back({data, size});
    data += size;
  }
  mesh::VideoEncoded encoded;
  encoded.layer = layer;
  encoded.captured_at = now;
  encoded.frame_number = track.number;
  encoded.newest_needed = track.number - frame.newest_needed;
  encoded.oldest_needed = track.number - frame.oldest_needed;
  encoded.key = frame.key;
  encoded.nals = nals_;
  ++track.number;
  track.at = (track.at + 1) % frames.size();
  peer_.loop().step(encoded);
}

void LoadPeer::play_sound(Timestamp now) {
  const ReelSound& sound = reel_.audio[sound_at_];
  sound_at_ = (sound_at_ + 1) % reel_.audio.size();
  mesh::AudioEncoded encoded;
  encoded.captured_at = now - kSoundTime;
  encoded.level_dbov = sound.level_dbov;
  encoded.bytes = sound.bytes;
  encoded.length = static_cast<std::uint32_t>(sound.bytes.size());
  peer_.loop().step(encoded);
}

void LoadPeer::write_down(Timestamp now, ByteSpan datagram, bool to_node) {
  if (traffic_ == nullptr || datagram.size() < 2) return;
  traffic_->push_back({now, number_, static_cast<std::uint32_t>(datagram.size()), to_node,
                       datagram[1] == kLastOfPicture});
}

void LoadPeer::input(Timestamp now, const mesh::Input& input) {
  if (const auto* arrived = std::get_if<mesh::PacketArrived>(&input))
    write_down(now, arrived->packet->bytes(), false);
}

void LoadPeer::output(const mesh::Output& output) {
  const Timestamp now = node::monotonic_now();
  if (const auto* packet = std::get_if<mesh::SendPacket>(&output)) {
    write_down(now, packet->packet->bytes(), true);
  } else if (const auto* set = std::get_if<mesh::SetEncoder>(&output)) {
    Track& track = tracks_[static_cast<std::size_t>(set->layer)];
    // A reel cannot forget single frames: a lost one is answered with its IDR.
    if (set->idr || set->invalidate_from || (set->active && !track.active)) track.at = 0;
    track.active = set->active;
  } else if (const auto* play = std::get_if<mesh::PlayAudio>(&output)) {
    peer_.loop().post(loudspeaker_.perform(now, *play));
  } else if (const auto* frame = std::get_if<mesh::DecodeFrame>(&output)) {
    peer_.loop().post(mesh::FrameDecoded{frame->stream, frame->frame_number, true, {}});
  } else if (const auto* show = std::get_if<mesh::ShowFrame>(&output)) {
    peer_.loop().post(mesh::FrameShown{show->stream, show->frame_number, std::max(now, show->at)});
  } else if (const auto* event = std::get_if<mesh::Event>(&output)) {
    if (event->kind == mesh::EventKind::link_proven && !proven_at_) proven_at_ = now;
    if (event->kind == mesh::EventKind::link_up) {
      up_ = true;
      if (!up_at_) up_at_ = now;
    }
    if (event->kind == mesh::EventKind::link_down || event->kind == mesh::EventKind::peer_left)
      up_ = false;
  }
}

}  // namespace diemcau::bench
