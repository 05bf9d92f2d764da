// Walks the window from the first packet that is due: whole frames leave it, gaps are waited for
// and then skipped.
#include "core/receive/assembly.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/base/check.h"

namespace diemcau::receive {

namespace {
constexpr std::size_t kFewestSlots = 8;
// From its last packet to the display, a key frame on a slow PC.
constexpr Duration kDecodes = 15ms;
// Whatever is said of showing: the peer stamps its frames as it likes.
constexpr Duration kMostHeld = 150ms;
}  // namespace

Assembly::Insert Assembly::insert(Timestamp now, PacketId id, const wire::RtpPacket& rtp,
                                  PacketRef packet, std::optional<PacketId> symbol) {
  const auto& d = *rtp.extensions.frame_descriptor;
  if (!next_) next_ = id;
  if (id < *next_) {
    // As long as nothing was taken or given up, an earlier packet moves the start back.
    if (advanced_ || highest_ - id >= static_cast<PacketId>(kWindow)) return Insert::late;
    next_ = id;
  }
  if (id - *next_ >= static_cast<PacketId>(kWindow)) {
    // A jump beyond the window: what lies before it will not be whole any more.
    for (PacketId i = *next_; i <= highest_ && i < *next_ + static_cast<PacketId>(kWindow); ++i) {
      if (present(i)) clear(i);
    }
    move_to(id);
    if (started_ && last_good_) lost(*last_good_ + 1);
  }
  reserve(static_cast<std::size_t>(std::max(highest_, id) - *next_) + 1);
  if (present(id)) return Insert::duplicate;
  Slot& s = slot(id);
  s.id = id;
  s.payload_offset = static_cast<std::uint16_t>(rtp.payload_offset);
  s.payload_size = static_cast<std::uint16_t>(rtp.payload_size);
  s.descriptor = d;
  s.rtp_timestamp = rtp.header.timestamp;
  s.captured.reset();
  if (rtp.extensions.absolute_capture) s.captured = rtp.extensions.absolute_capture->captured;
  s.received_at = now;
  s.symbol = symbol;
  s.packet = std::move(packet);
  std::int64_t frame = frame_unwrapper_.unwrap(d.frame_number);
  // Frames are numbered on while nobody here wants the layer: after 18 minutes of that the nearest
  // number lies behind.
  if (id > highest_ && newest_frame_)
    frame = frame_unwrapper_.advance_to(*newest_frame_ - static_cast<std::int64_t>(kFrameMemory));
  highest_ = std::max(highest_, id);
  if (!newest_frame_ || frame > *newest_frame_) newest_frame_ = frame;
  advance(now);
  return Insert::fresh;
}

void Assembly::clear(PacketId id) {
  Slot& s = slot(id);
  s.id = kNone;
  s.packet = {};
}

void Assembly::reserve(std::size_t count) {
  if (count <= slots_.size()) return;
  if (slots_.empty()) good_.assign(kFrameMemory, -1);
  std::vector<Slot> before(std::max(std::bit_ceil(count), kFewestSlots));
  std::swap(slots_, before);
  for (Slot& s : before) {
    if (s.id != kNone) slot(s.id) = std::move(s);
  }
}

void Assembly::advance(Timestamp now) {
  deadline_.reset();
  mended_ = std::exchange(waits_for_repair_, false);
  while (next_ && *next_ <= highest_) {
    if (present(*next_)) {
      if (may_begin_earlier(now)) return;
      if (take_frame()) continue;
    }
    if (!skip_gap(now)) return;
  }
  // Nothing waits: the next frame begins on the slots that the last one was in.
  if (next_) base_ = *next_;
}

// The first packet ever that does not start a key frame: what does may have been overtaken.
bool Assembly::may_begin_earlier(Timestamp now) {
  const Slot& first = slot(*next_);
  const bool starts = first.descriptor.start && first.descriptor.key;
  if (advanced_ || starts || now - first.received_at >= tolerance_) return false;
  deadline_ = first.received_at + tolerance_;
  return true;
}

void Assembly::move_to(PacketId id) {
  next_ = id;
  advanced_ = true;
  before_.reset();
}

// True when the packets at next_ were a whole frame, or could never become one.
bool Assembly::take_frame() {
  const PacketId first = *next_;
  if (!slot(first).descriptor.start) {
    // The middle of a frame whose beginning is gone.
    lost(frame_unwrapper_.peek(slot(first).descriptor.frame_number));
    clear(first);
    move_to(first + 1);
    return true;
  }
  PacketId last = first;
  while (!slot(last).descriptor.end) {
    ++last;
    if (last > highest_ || !present(last)) return false;
    if (slot(last).descriptor.start) break;  // no end came: an honest sender never does this
  }
  if (!slot(last).descriptor.end) {
    for (PacketId i = first; i < last; ++i) clear(i);
    move_to(last);
    return true;
  }
  const std::int64_t number = frame_unwrapper_.peek(slot(first).descriptor.frame_number);
  count_left_out(number);
  finish(first, last);
  for (PacketId i = first; i <= last; ++i) clear(i);
  move_to(last + 1);
  before_ = number;
  return true;
}

void Assembly::count_left_out(std::int64_t frame) {
  if (before_ && frame > *before_) left_out_ += static_cast<std::uint64_t>(frame - *before_ - 1);
}

// The gap at or behind next_ is given up once something behind it has waited long enough.
bool Assembly::skip_gap(Timestamp now) {
  PacketId gap = *next_;
  while (present(gap)) ++gap;
  if (gap > highest_) return false;  // nothing is missing, the frame is still arriving
  PacketId after = gap;
  while (after < highest_ && !present(after)) ++after;
  DC_CHECK(present(after));  // what lies behind next_ leaves the window only when next_ passes it
  if (now - slot(after).received_at < tolerance_) {
    deadline_ = slot(after).received_at + tolerance_;
    return false;
  }
  if (oldest_missing_ && slot(after).symbol && *oldest_missing_ < *slot(after).symbol) {
    const auto whole = decodable_behind(after);
    const Timestamp leaves = whole ? leaves_at(*whole) : Timestamp::max();
    if (whole && leaves <= now) {
      for (PacketId i = *next_; i < *whole; ++i) {
        if (present(i)) clear(i);
      }
      move_to(*whole);
      return true;
    }
    waits_for_repair_ = true;
    if (whole) {
      first_lost_.reset();  // the sender has gone around it
      deadline_ = leaves;
    } else if (late_) {
      lost_before(after);
    }
    return false;
  }
  lost_before(after);
  for (PacketId i = *next_; i < gap; ++i) clear(i);
  move_to(after);
  return true;
}

// The frame in front of the gap, and everything up to the next frame start behind it, is lost.
void Assembly::lost_before(PacketId after) {
  if (goes_on_at(after)) return;
  const std::int64_t behind = frame_unwrapper_.peek(slot(after).descriptor.frame_number);
  lost(present(*next_) ? frame_unwrapper_.peek(slot(*next_).descriptor.frame_number)
       : last_good_    ? std::min(*last_good_ + 1, behind)
                       : behind);
}

// The frame that begins there needs nothing of what was lost before it: a droppable frame, as a
// rule. Nothing is to be reported.
bool Assembly::goes_on_at(PacketId after) {
  const wire::FrameDescriptor& d = slot(after).descriptor;
  const std::int64_t number = frame_unwrapper_.peek(d.frame_number);
  return d.start && !d.key && number >= 0 && decodable(number, d);
}

// A whole frame at or behind `from` that needs nothing that is missing: the sender has gone on
// without what is waited for.
std::optional<PacketId> Assembly::decodable_behind(PacketId from) {
  for (PacketId first = from; first <= highest_; ++first) {
    if (!present(first) || !slot(first).descriptor.start) continue;
    const std::int64_t number = frame_unwrapper_.peek(slot(first).descriptor.frame_number);
    if (number < 0 || !decodable(number, slot(first).descriptor)) continue;
    PacketId last = first;
    while (last < highest_ && present(last) && !slot(last).descriptor.end) ++last;
    if (present(last) && slot(last).descriptor.end) return first;
    first = last;  // whatever begins in between is not whole either
  }
  return std::nullopt;
}

// What is missing before this whole frame may still come, until the frame itself is to be shown.
Timestamp Assembly::leaves_at(PacketId first) {
  const Slot& s = slot(first);
  if (!shown_) return s.received_at;
  constexpr std::int64_t kTicksPerMs = 90;
  const auto ticks = static_cast<std::int32_t>(s.rtp_timestamp - shown_->rtp_timestamp);
  const Timestamp shows = shown_->at + std::int64_t{ticks} * 1ms / kTicksPerMs;
  return std::min(shows - kDecodes, s.received_at + kMostHeld);
}

bool Assembly::decodable(std::int64_t frame, const wire::FrameDescriptor& d) const {
  if (d.key) return true;
  const std::int64_t needed = frame - d.newest_needed_diff;
  return needed >= 0 && good_[static_cast<std::size_t>(needed) % kFrameMemory] == needed;
}

void Assembly::mark_good(std::int64_t frame) {
  good_[static_cast<std::size_t>(frame) % kFrameMemory] = frame;
  last_good_ = frame;
  first_lost_.reset();
}

void Assembly::lost(std::int64_t frame) {
  if (!first_lost_ || frame < *first_lost_) first_lost_ = frame;
}

void Assembly::decode_failed(std::int64_t frame) {
  // By the memory, not by the numbers in between, which are whatever the peer counts.
  for (std::int64_t& good : good_) {
    if (good >= frame) good = -1;
  }
  if (last_good_ && *last_good_ >= frame) last_good_ = frame - 1;
  lost(frame);
}

void Assembly::finish(PacketId first, PacketId last) {
  const Slot& head = slot(first);
  const std::int64_t number = frame_unwrapper_.peek(head.descriptor.frame_number);
  if (number < 0) return;  // wrapped below the first frame ever seen
  const bool goes_back = last_good_ && number <= *last_good_;
  if (goes_back && !head.descriptor.key) {  // only a new beginning may; an honest sender never does
    ++undecodable_;
    return;
  }
  if (!decodable(number, head.descriptor)) {
    if (started_) ++undecodable_;
    // What it needs is what is lost; good frames may lie between the two.
    lost(number - head.descriptor.newest_needed_diff);
    return;
  }
  FrameRef frame = build(first, last);
  if (!frame) {
    ++undecodable_;
    lost(number);
    return;
  }
  started_ = true;
  mark_good(number);
  ready_.push(AssembledFrame{number, head.descriptor.key, head.rtp_timestamp, head.captured,
                             std::move(frame), mended_});
}

// Annex B from the payloads; empty when they contradict each other.
FrameRef Assembly::build(PacketId first, PacketId last) {
  FrameRef frame = frames_.take();
  depacketiser_.reset();
  for (PacketId i = first; i <= last; ++i) {
    const Slot& s = slot(i);
    frame->length += static_cast<std::uint32_t>(s.payload_size + s.packet->elided());
    if (s.payload_size == 0) continue;
    const auto appended = depacketiser_.append(
        s.packet->bytes().subspan(s.payload_offset, s.payload_size), frame->bytes);
    if (!appended) return {};
  }
  if (!depacketiser_.complete()) return {};
  return frame;
}

std::optional<FrameLoss> Assembly::take_loss(Timestamp now, Duration repeat_after) {
  if (!first_lost_) return std::nullopt;
  // The encoder goes around all that it had made when it was told.
  const bool told = reported_at_ && now - *reported_at_ < repeat_after && *first_lost_ <= reported_;
  if (told) return std::nullopt;
  reported_at_ = now;
  // Numbers of a peer that lies may wrap to beyond the newest: told all the same, or without end.
  reported_ = std::max(newest_frame_.value_or(*first_lost_), *first_lost_);
  FrameLoss loss;
  loss.first_lost = static_cast<std::uint16_t>(*first_lost_);
  if (last_good_) loss.last_good = static_cast<std::uint16_t>(*last_good_);
  return loss;
}

}  // namespace diemcau::receive
