// A short line in order of packet id: its front goes when it is the next or has waited enough.
#include "core/receive/record_tap.h"

#include <utility>

namespace diemcau::receive {

namespace {
// Farther than any reordering or outage that is worth waiting for: the sender began anew.
constexpr PacketId kRestart = 1'000;
}  // namespace

void RecordTap::restart() {
  hurry_ = size_;
  next_.reset();
}

AudioFrame RecordTap::take_front() {
  AudioFrame frame = std::exchange(waiting(0), Waiting{}).frame;
  head_ = (head_ + 1) % kCapacity;
  --size_;
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
  std::size_t place = size_;
  while (place > hurry_ && waiting(place - 1).frame.id > frame.id) --place;
  if (place > hurry_ && waiting(place - 1).frame.id == frame.id) {
    ++repeated_;
    return;
  }
  if (size_ == kCapacity) {  // nobody polled
    static_cast<void>(take_front());
    ++missing_;
    if (place > 0) --place;
  }
  ++size_;
  for (std::size_t i = size_ - 1; i > place; --i) waiting(i) = std::move(waiting(i - 1));
  waiting(place) = Waiting{now, frame};
}

bool RecordTap::due_now() const {
  return hurry_ > 0 || !next_ || waiting(0).frame.id == *next_ || size_ == kCapacity;
}

std::optional<AudioFrame> RecordTap::poll(Timestamp now) {
  if (size_ == 0 || (!due_now() && now - waiting(0).since < kWait)) return std::nullopt;
  return take_front();
}

std::optional<Timestamp> RecordTap::deadline() const {
  if (size_ == 0) return std::nullopt;
  return waiting(0).since + (due_now() ? Duration::zero() : kWait);
}

}  // namespace diemcau::receive
