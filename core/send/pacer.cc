// Debt pacing: a packet may leave while the line, at the given rate, is busy for less than kBurst.
#include "core/send/pacer.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::send {

namespace {
// A timer wakes 30 µs late at best and packets on a fast line are 90 µs apart: quanta of 2 ms keep
// wake-ups few.
constexpr Duration kBurst = 2ms;
constexpr Duration kDroppableAfter = 33ms;  // one frame: then the droppable temporal layer goes
constexpr Duration kVideoAfter = 100ms;
constexpr Duration kAudioAfter = 200ms;
constexpr std::size_t kMaxQueuedPerPeer = 1'024;
// SRTP tag, UDP and IPv4: what a packet costs on the line beside its payload and our header.
constexpr std::int64_t kOverheadBytes = 16 + 28;
}  // namespace

Pacer::PeerQueue& Pacer::queue_of(PeerId peer) {
  if (queues_.size() <= peer.value) queues_.resize(std::size_t{peer.value} + 1);
  return queues_[peer.value];
}

void Pacer::enqueue(Timestamp now, PeerId peer, std::span<const OutgoingPacket> frame) {
  if (frame.empty()) return;
  PeerQueue& queue = queue_of(peer);
  const bool audio = media_of(frame.front().source) == MediaKind::audio;
  RingQueue<Waiting>& line = audio ? queue.audio : queue.video;
  const bool late = !audio && frame.front().descriptor.temporal_id > 0 && !line.empty() &&
                    now - line.front().since > kDroppableAfter;
  if (late || line.size() + frame.size() > kMaxQueuedPerPeer) {
    audio ? ++drops_.audio_packets : ++drops_.video_frames;
    return;
  }
  for (const OutgoingPacket& packet : frame) line.push(Waiting{packet, now});
  queued_ += frame.size();
  if (!audio) video_queued_ += frame.size();
}

OutgoingPacket Pacer::pop_video(PeerQueue& queue) {
  --queued_;
  --video_queued_;
  return queue.video.pop().packet;
}

void Pacer::drop_front_frame(PeerQueue& queue) {
  bool last = false;
  while (!queue.video.empty() && !last) {
    last = pop_video(queue).descriptor.end;
  }
  queue.frame_begun = false;
  ++drops_.video_frames;
}

void Pacer::drop_late(Timestamp now, PeerQueue& queue) {
  while (!queue.audio.empty() && now - queue.audio.front().since > kAudioAfter) {
    static_cast<void>(queue.audio.pop());
    --queued_;
    ++drops_.audio_packets;
  }
  while (!queue.video.empty() && !queue.frame_begun &&
         now - queue.video.front().since > kVideoAfter) {
    drop_front_frame(queue);
  }
}

std::optional<Pacer::Next> Pacer::take_audio(Timestamp now) {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    const std::size_t peer = (audio_turn_ + i) % queues_.size();
    PeerQueue& queue = queues_[peer];
    if (queue.audio.empty()) continue;
    audio_turn_ = peer + 1;
    Next next{PeerId{static_cast<std::uint16_t>(peer)}, queue.audio.pop().packet};
    --queued_;
    sent(now, next.packet);
    return next;
  }
  return std::nullopt;
}

// A frame that has begun is finished before another peer's turn: the first peer has its picture
// early instead of all having it late. The turn moves on with every frame, and by one more when all
// have theirs: otherwise peers whose frames come together would always leave in the same order.
std::optional<Pacer::Next> Pacer::take_video(Timestamp now) {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    const std::size_t peer = (video_turn_ + i) % queues_.size();
    PeerQueue& queue = queues_[peer];
    if (queue.video.empty()) continue;
    Next next{PeerId{static_cast<std::uint16_t>(peer)}, pop_video(queue)};
    queue.frame_begun = !next.packet.descriptor.end;
    video_turn_ = queue.frame_begun ? peer : peer + 1;
    if (video_queued_ == 0) video_turn_ = ++video_round_;
    sent(now, next.packet);
    return next;
  }
  return std::nullopt;
}

void Pacer::sent(Timestamp now, const OutgoingPacket& packet) {
  const auto header = static_cast<std::int64_t>(wire::kMaxRtpHeaderBytes);
  account(now, ByteCount::bytes(static_cast<std::int64_t>(packet.payload->wire_size()) + header));
}

void Pacer::account(Timestamp now, ByteCount size) {
  free_at_ = std::max(free_at_, now) + rate_.time_for(size + ByteCount::bytes(kOverheadBytes));
}

std::optional<Pacer::Next> Pacer::poll(Timestamp now) {
  if (queued_ == 0) return std::nullopt;
  if (free_at_ > now + kBurst) return std::nullopt;
  if (now != late_checked_at_) {
    for (PeerQueue& queue : queues_) drop_late(now, queue);
    late_checked_at_ = now;
  }
  if (auto next = take_audio(now)) return next;
  return take_video(now);
}

std::optional<Timestamp> Pacer::deadline() const {
  if (queued_ == 0) return std::nullopt;
  return free_at_ - kBurst;
}

void Pacer::clear(PeerId peer) {
  PeerQueue& queue = queue_of(peer);
  queued_ -= queue.audio.size() + queue.video.size();
  video_queued_ -= queue.video.size();
  queue.audio.clear();
  queue.video.clear();
  queue.frame_begun = false;
}

}  // namespace diemcau::send
