// Debt pacing: a packet may leave while the line, at the given rate, is busy for less than kBurst.
#include "core/send/pacer.h"

#include <algorithm>
#include <utility>

namespace diemcau::send {

namespace {
constexpr Duration kDroppableAfter = 33ms;  // one frame: then the droppable temporal layer goes
constexpr Duration kVideoAfter = 100ms;
constexpr Duration kBegunAfter = kPictureWaits;  // what is left where a window closed in its middle
// Of pictures at 15 a second and less: one that comes late is seen late, one that is dropped breaks
// what leans on it. Lo's encoder is held meanwhile, half rate is for paths that are short of room.
constexpr Duration kSparseAfter = 400ms, kSparseBegunAfter = 600ms;
// Pictures wait for what sound took beyond the rate, but no longer: where it always takes more they
// would never go.
constexpr Duration kMostDebt = 50ms;
constexpr Duration kAudioAfter = 200ms;
constexpr std::size_t kMostVideoPerPeer = 1'024;
constexpr Duration kRepairAfter = 100ms;
constexpr std::size_t kMostRepair = 1'024, kMostRepairOfOne = 256;
constexpr std::int64_t kHurry = 3;
// What a picture leans on: the one before, in two temporal layers the one before that.
constexpr std::uint8_t kUsualReach = 2;
// Answers to a short outage are the quicker way.
constexpr Duration kRepairFirst = 30ms;
constexpr std::size_t kMostSound = 4'096;  // 100 peers' 200 ms, and room
// An encoder's next picture, and the one that was under way.
constexpr Duration kTellAgain = 100ms;
constexpr auto kOverhead = ByteCount::bytes(static_cast<std::int64_t>(wire::kLineOverheadBytes));

ByteCount size_of(const OutgoingPacket& packet) {
  return ByteCount::bytes(static_cast<std::int64_t>(packet.payload->wire_size()) +
                          static_cast<std::int64_t>(wire::kMaxRtpHeaderBytes));
}
}  // namespace

Pacer::PeerQueue& Pacer::queue_of(PeerId peer) {
  if (queues_.size() <= peer.value) queues_.resize(std::size_t{peer.value} + 1);
  return queues_[peer.value];
}

// What has begun, and key frames are what takes long, may take longer.
Duration Pacer::patience(const PeerQueue& queue) const {
  const Duration usual = queue.frame_begun ? kBegunAfter : kVideoAfter;
  if (!queue.sparse) return may_hold_ ? kBegunAfter : usual;
  if (!may_hold_) return 2 * usual;  // or what is made meanwhile piles up
  return queue.frame_begun ? kSparseBegunAfter : kSparseAfter;
}

void Pacer::enqueue(Timestamp now, PeerId peer, std::span<const OutgoingPacket> frame, bool half) {
  if (frame.empty()) return;
  if (media_of(frame.front().source) == MediaKind::audio) {
    for (const OutgoingPacket& packet : frame) {
      if (sound_.size() == kMostSound) {
        sound_.drop();
        ++drops_.audio_packets;
      }
      Single& single = sound_.push();
      single.peer = peer;
      single.waiting.packet = packet;
      single.waiting.since = now;
    }
    return;
  }
  PeerQueue& queue = queue_of(peer);
  const OutgoingPacket& first = frame.front();
  // A page says nothing of it.
  if (first.source == Source::camera) queue.sparse = half || first.descriptor.layer == Layer::lo;
  const bool droppable = first.descriptor.temporal_id > 0;
  const auto behind = [&] {
    return !queue.video.empty() && now - queue.video.front().since > kDroppableAfter;
  };
  if (leans_on_dropped(now, peer, queue, first)) {
    ++drops_.video_frames;
    return;
  }
  if (queue.droppable > 0 && behind()) drop_droppable(queue);
  if ((droppable && behind()) || queue.video.size() + frame.size() > kMostVideoPerPeer) {
    ++drops_.video_frames;
    if (droppable) ++queue.left_out;
    break_off(queue, first);
    return;
  }
  for (const OutgoingPacket& packet : frame) {
    Waiting& waiting = queue.video.push();
    waiting.packet = packet;
    waiting.since = now;
  }
  queue.waiting[frame.front().source == Source::document] += frame.size();
  came(queue, first);
  video_queued_ += frame.size();
  if (droppable) queue.droppable += frame.size();
  if (!queue.in_turn) {
    queue.in_turn = true;
    take_place(now, peer);
  }
}

void Pacer::enqueue_repair(Timestamp now, PeerId peer, OutgoingPacket packet, bool hurries) {
  PeerQueue& queue = queue_of(peer);
  if (queue.repair == kMostRepairOfOne) {
    ++drops_.repair_packets;
    return;
  }
  if (repair_.size() == kMostRepair) {
    --queues_[repair_.pop().peer.value].repair;
    ++drops_.repair_packets;
  }
  ++queue.repair;
  repair_.push(Single{peer, {std::move(packet), now}, hurries});
}

// Pictures of one instant come for all peers in the same order: another one is first each time.
void Pacer::take_place(Timestamp now, PeerId peer) {
  if (turns_.empty()) ++round_;
  turns_.push(peer);
  const auto key = [this](PeerId p) { return (p.value + round_) % queues_.size(); };
  for (std::size_t i = turns_.size() - 1; i > 0; --i) {
    const PeerQueue& before = queues_[turns_.at(i - 1).value];
    const bool same_instant =
        !before.frame_begun && !before.video.empty() && before.video.front().since == now;
    if (!same_instant || key(turns_.at(i - 1)) < key(peer)) return;
    std::swap(turns_.at(i - 1), turns_.at(i));
  }
}

OutgoingPacket Pacer::pop_video(PeerQueue& queue) {
  --video_queued_;
  OutgoingPacket packet = std::move(queue.video.front().packet);
  queue.video.drop_moved();
  if (packet.descriptor.temporal_id > 0) --queue.droppable;
  --queue.waiting[packet.source == Source::document];
  went(queue, packet);
  return packet;
}

void Pacer::came(PeerQueue& queue, const OutgoingPacket& first) {
  if (first.source != Source::camera) return;
  const auto layer = static_cast<std::size_t>(first.descriptor.layer);
  if (queue.frames[layer]++ == 0) ++peers_waiting_[layer];
}

void Pacer::went(PeerQueue& queue, const OutgoingPacket& packet) {
  if (packet.source != Source::camera || !packet.descriptor.end) return;
  const auto layer = static_cast<std::size_t>(packet.descriptor.layer);
  if (--queue.frames[layer] == 0) --peers_waiting_[layer];
}

// Nobody leans on a droppable frame.
void Pacer::break_off(PeerQueue& queue, const OutgoingPacket& dropped) {
  const wire::FrameDescriptor& frame = dropped.descriptor;
  auto& broken = queue.broken_of(dropped);
  if (frame.temporal_id == 0 && !broken) broken = {frame.frame_number, std::nullopt};
}

bool Pacer::leans_on_dropped(Timestamp now, PeerId peer, PeerQueue& queue,
                             const OutgoingPacket& first) {
  const wire::FrameDescriptor& frame = first.descriptor;
  auto& broken = queue.broken_of(first);
  if (!broken) return false;
  const auto needed = static_cast<std::uint16_t>(frame.frame_number - frame.newest_needed_diff);
  const bool leans = !frame.key && static_cast<std::uint16_t>(needed - broken->from) < 0x8000;
  if (!leans) {
    broken.reset();
    return false;
  }
  // What is left of another source may go on waiting, as long as it moves.
  const bool moves = queue.video.empty() || now - queue.video.front().since <= kDroppableAfter;
  const bool ready = queue.waiting[first.source == Source::document] == 0 && moves &&
                     allowance_.window_open(now, peer);
  if (ready && (!broken->told_at || now - *broken->told_at > kTellAgain)) {
    broken->told_at = now;
    dropped_.push({peer, first.source, frame.layer, broken->from});
  }
  return true;
}

// All that wait, but one that has begun to leave: they go before any frame that others need.
void Pacer::drop_droppable(PeerQueue& queue) {
  bool begun = queue.frame_begun;
  for (std::size_t left = queue.video.size(); left > 0; --left) {
    Waiting waiting = queue.video.pop();
    const wire::FrameDescriptor& frame = waiting.packet.descriptor;
    const bool end = frame.end;
    if (frame.temporal_id == 0 || begun) {
      queue.video.push(std::move(waiting));
    } else {
      --video_queued_;
      --queue.droppable;
      --queue.waiting[waiting.packet.source == Source::document];
      went(queue, waiting.packet);
      if (end) {
        ++drops_.video_frames;
        ++queue.left_out;
      }
    }
    if (end) begun = false;
  }
}

void Pacer::drop_front_frame(PeerQueue& queue) {
  if (queue.video.front().packet.descriptor.temporal_id > 0) ++queue.left_out;
  break_off(queue, queue.video.front().packet);
  bool last = false;
  while (!queue.video.empty() && !last) last = pop_video(queue).descriptor.end;
  queue.frame_begun = false;
  ++drops_.video_frames;
}

void Pacer::drop_late_video(Timestamp now, PeerQueue& queue) {
  while (!queue.video.empty()) {
    const Waiting& front = queue.video.front();
    const bool broken = queue.broken_of(front.packet).has_value();
    const bool useless = !queue.frame_begun && broken && !front.packet.descriptor.key;
    if (!useless && now - front.since <= patience(queue)) return;
    drop_front_frame(queue);
  }
}

std::optional<Pacer::Next> Pacer::take_sound(Timestamp now) {
  while (!sound_.empty() && now - sound_.front().waiting.since > kAudioAfter) {
    sound_.drop();
    ++drops_.audio_packets;
  }
  if (!sound_may_go(now)) return std::nullopt;
  Single first = sound_.pop();
  const Timestamp before = free_at_;
  account(now, size_of(first.waiting.packet));
  free_at_ = std::min(free_at_, std::max(before, now + kMostDebt));
  return Next{first.peer, std::move(first.waiting.packet)};
}

// Who may not send just now goes to the end.
std::optional<Pacer::Next> Pacer::take_repair(Timestamp now) {
  for (std::size_t left = repair_.size(); left > 0; --left) {
    Single first = repair_.pop();
    PeerQueue& queue = queues_[first.peer.value];
    if (now - first.waiting.since > kRepairAfter) {
      --queue.repair;
      ++drops_.repair_packets;
      continue;
    }
    if (queue.free_at > now + kBurst || !allowance_.window_open(now, first.peer)) {
      repair_.push(std::move(first));
      continue;
    }
    --queue.repair;
    leave(now, queue, first.peer, size_of(first.waiting.packet), first.hurries);
    return Next{first.peer, std::move(first.waiting.packet)};
  }
  return std::nullopt;
}

void Pacer::leave(Timestamp now, PeerQueue& queue, PeerId peer, ByteCount size, bool hurries) {
  const Duration takes = allowance_.pace(peer).time_for(size + kOverhead);
  queue.free_at = std::max(queue.free_at, now) + (hurries ? takes / kHurry : takes);
  account(now, size);
}

// A frame that has begun is finished before another peer's turn, as far as its path lets it: the
// first peer has its picture early instead of all having it late. Who has had a frame goes to the
// end, so that peers whose frames come together do not always leave in the same order.
std::optional<Pacer::Next> Pacer::take_video(Timestamp now) {
  for (std::size_t left = turns_.size(); left > 0; --left) {
    const PeerId peer = turns_.front();
    PeerQueue& queue = queues_[peer.value];
    drop_late_video(now, queue);
    if (queue.video.empty()) {
      queue.in_turn = false;
      turns_.drop();
      continue;
    }
    if (queue.free_at > now + kBurst || !allowance_.window_open(now, peer)) {
      turns_.push(turns_.pop());
      continue;
    }
    Next next{peer, pop_video(queue)};
    const ByteCount size = size_of(next.packet);
    queue.frame_begun = !next.packet.descriptor.end;
    if (!queue.frame_begun) {
      queue.in_turn = !queue.video.empty();
      turns_.drop();
      if (queue.in_turn) turns_.push(peer);
    }
    leave(now, queue, peer, size);
    return next;
  }
  return std::nullopt;
}

void Pacer::account(Timestamp now, ByteCount size) {
  const Bitrate pace = allowance_.pace(), sound_pace = allowance_.sound_pace();
  const Duration takes = pace.time_for(size + kOverhead);
  const Duration of_sound = sound_pace == pace ? takes : sound_pace.time_for(size + kOverhead);
  sound_free_at_ = std::max(sound_free_at_, now) + of_sound;
  free_at_ = std::max(free_at_, now) + takes;
}

std::optional<Pacer::Next> Pacer::take(Timestamp now) {
  if (auto next = take_sound(now)) return next;
  if (free_at_ > now + kBurst) return std::nullopt;
  if (goes_before_repair(now)) {
    if (auto next = take_video(now)) return next;
  }
  if (auto next = take_repair(now)) return next;
  return take_video(now);
}

// A picture that goes around a loss would be held up, and in the end dropped, by the answers to all
// that it makes useless.
bool Pacer::goes_before_repair(Timestamp now) const {
  if (repair_.empty() || turns_.empty()) return false;
  const PeerQueue& queue = queues_[turns_.front().value];
  if (queue.video.empty() || queue.free_at > now + kBurst) return false;
  const Waiting& front = queue.video.front();
  const wire::FrameDescriptor& frame = front.packet.descriptor;
  const bool around = !frame.key && frame.newest_needed_diff > kUsualReach;
  return around && (queue.frame_begun || now - front.since >= kRepairFirst) &&
         allowance_.window_open(now, turns_.front());
}

Timestamp Pacer::due(const PeerQueue& queue, PeerId peer, Timestamp too_late_at) const {
  const Timestamp line_free_at = free_at_ - kBurst;
  const Timestamp late = std::max(too_late_at + 1ns, line_free_at);
  if (!allowance_.window_open(polled_at_, peer)) {
    waits_for_window_ = true;
    return late;
  }
  return std::min(late, std::max(queue.free_at - kBurst, line_free_at));
}

std::optional<Timestamp> Pacer::first_due() const {
  const Timestamp line_free_at = free_at_ - kBurst;
  if (!sound_.empty()) return sound_free_at_ - kBurst;
  Timestamp first = Timestamp::max();
  const auto consider = [&](Timestamp at) {
    first = std::min(first, at);
    return at <= line_free_at;  // nothing can go earlier
  };
  for (std::size_t i = 0; i < repair_.size(); ++i) {
    const Single& single = repair_.at(i);
    if (consider(due(queues_[single.peer.value], single.peer, single.waiting.since + kRepairAfter)))
      return first;
  }
  for (std::size_t i = 0; i < turns_.size(); ++i) {
    const PeerQueue& queue = queues_[turns_.at(i).value];
    if (queue.video.empty()) continue;
    const Timestamp too_late_at = queue.video.front().since + patience(queue);
    if (consider(due(queue, turns_.at(i), too_late_at))) return first;
  }
  return first != Timestamp::max() ? std::optional(first) : std::nullopt;
}

void Pacer::clear(PeerId peer) {
  PeerQueue& queue = queue_of(peer);
  video_queued_ -= queue.video.size();
  queue.video.clear();
  for (std::size_t layer = 0; layer < queue.frames.size(); ++layer)
    peers_waiting_[layer] -= std::exchange(queue.frames[layer], 0) > 0;
  queue.droppable = 0;
  queue.waiting = {};
  queue.repair = 0;
  queue.frame_begun = false;
  queue.broken = {};
  drop_peer(sound_, peer);
  drop_peer(repair_, peer);
}

void Pacer::drop_peer(RingQueue<Single>& queue, PeerId peer) {
  for (std::size_t n = queue.size(); n > 0; --n) {
    Single single = queue.pop();
    if (single.peer != peer) queue.push(std::move(single));
  }
}

}  // namespace diemcau::send
