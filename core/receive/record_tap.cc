// A short line in order of packet id: its front goes when it is the next or has waited enough.
#include "core/receive/record_tap.h"

namespace diemcau::receive {

namespace {
// Farther than any reordering or outage that is worth waiting for: the sender began anew.
constexpr PacketId kRestart = 1'000;
}  // namespace

void RecordTap::restart() {
  hurry_ = waiting_.size();
  next_.reset();
}

AudioFrame RecordTap::take_front() {
  AudioFrame frame = waiting_.pop().frame;
  if (hurry_ > 0) {
    --hurry_;
    return frame;
  }
  if (next_) missing_ += static_cast<std::uint64_t>(frame.id - *next_);
  next_ = frame.id + 1;
  return frame;
}

void RecordTap::insert(Timestamp now, const AudioFrame& frame) {
  if (next_ && (*next_ - frame.id > kRestart || frame.id - *next_ > kRestart)) restart();
  if (next_ && frame.id < *next_) {
    ++too_late_;
    return;
  }
  std::size_t place = waiting_.size();
  while (place > hurry_ && waiting_.at(place - 1).frame.id > frame.id) --place;
  if (place > hurry_ && waiting_.at(place - 1).frame.id == frame.id) {
    ++repeated_;
    return;
  }
  if (waiting_.size() == kCapacity) {  // nobody polled
    static_cast<void>(take_front());
    ++missing_;
    if (place > 0) --place;
  }
  waiting_.insert(place, Waiting{now, frame});
}

bool RecordTap::due_now() const {
  return hurry_ > 0 || !next_ || waiting_.front().frame.id == *next_ ||
         waiting_.size() == kCapacity;
}

std::optional<AudioFrame> RecordTap::poll(Timestamp now) {
  if (waiting_.empty() || (!due_now() && now - waiting_.front().since < kWait)) return std::nullopt;
  return take_front();
}

std::optional<Timestamp> RecordTap::deadline() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.front().since + (due_now() ? Duration::zero() : kWait);
}

}  // namespace diemcau::receive
