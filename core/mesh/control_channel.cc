// Selective repeat over datagrams: every fragment is acknowledged by bitmap and sent again until it
// is.
#include "core/mesh/control_channel.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::mesh {

namespace {
// Without a measured round trip; also the floor, so that a delayed acknowledgement is not mistaken
// for a loss.
constexpr Duration kFirstResend = 100ms;
constexpr Duration kResendFloor = 50ms;
constexpr Duration kResendCeiling = 1s;
constexpr std::size_t kMaxAcksDue = 64;
}  // namespace

bool ControlChannel::has_room(wire::ControlPriority priority) const {
  return std::count_if(outgoing_.begin(), outgoing_.end(), [priority](const Outgoing& o) {
           return o.slot == 0 && o.priority == priority;
         }) < kQueuePerPriority;
}

void ControlChannel::forget(Outgoing& o) {
  spare_bytes_.give(o.bytes);
  spare_fragments_.give(o.fragments);
}

bool ControlChannel::send(Timestamp now, wire::ControlPriority priority, ByteSpan message,
                          std::uint8_t slot) {
  DC_CHECK(!message.empty() && message.size() <= wire::kMaxMessageBytes);
  if (slot != 0) {
    for (auto o = outgoing_.begin(); o != outgoing_.end();) {
      if (o->slot == slot) forget(*o);
      o = o->slot == slot ? outgoing_.erase(o) : o + 1;
    }
  }
  if (slot == 0 && !has_room(priority)) return false;
  Outgoing o;
  o.priority = priority;
  o.id = next_id_[static_cast<std::size_t>(priority)]++;
  o.slot = slot;
  o.bytes = spare_bytes_.take();
  o.bytes.assign(message.begin(), message.end());
  o.fragments = spare_fragments_.take();
  o.fragments.resize(wire::fragment_count(message.size()));
  for (Fragment& f : o.fragments) f.resend_at = now;
  const auto place =
      std::find_if(outgoing_.begin(), outgoing_.end(),
                   [priority](const Outgoing& other) { return other.priority > priority; });
  outgoing_.insert(place, std::move(o));
  return true;
}

void ControlChannel::datagram_arrived(Timestamp now, ByteSpan datagram) {
  wire::ControlReader reader(datagram);
  while (const auto chunk = reader.next()) {
    if (const auto* fragment = std::get_if<wire::ControlFragment>(&*chunk)) {
      fragment_arrived(now, *fragment);
    } else {
      acked(std::get<wire::ControlAck>(*chunk));
    }
  }
}

bool ControlChannel::seen(const wire::ControlFragment& f) const {
  const Seen& s = seen_[static_cast<std::size_t>(f.priority)];
  const std::size_t n = std::min(s.count, kSeenIds);
  return std::find(s.ids.begin(), s.ids.begin() + static_cast<std::ptrdiff_t>(n), f.message_id) !=
         s.ids.begin() + static_cast<std::ptrdiff_t>(n);
}

ControlChannel::Partial* ControlChannel::partial_of(Timestamp now, const wire::ControlFragment& f) {
  for (Partial& p : partials_) {
    if (p.priority == f.priority && p.id == f.message_id) {
      p.age = arrivals_;
      return &p;
    }
  }
  if (!beginnings_.take(now)) return nullptr;
  if (partials_.size() >= kPartialMessages) {
    // The one without progress for longest is given up: mostly one that its sender has replaced.
    const auto oldest =
        std::min_element(partials_.begin(), partials_.end(),
                         [](const Partial& a, const Partial& b) { return a.age < b.age; });
    spare_bytes_.give(oldest->bytes);
    partials_.erase(oldest);
  }
  Partial p;
  p.priority = f.priority;
  p.id = f.message_id;
  p.age = arrivals_;
  p.count = f.count;
  p.bytes = spare_bytes_.take();
  p.bytes.resize(std::size_t{f.count} * wire::kFragmentBytes);
  return &partials_.emplace_back(std::move(p));
}

void ControlChannel::fragment_arrived(Timestamp now, const wire::ControlFragment& f) {
  ++arrivals_;
  wire::ControlAck ack{f.priority, f.message_id, wire::all_fragments(f.count)};
  if (!seen(f)) {
    Partial* partial = partial_of(now, f);
    if (partial == nullptr) return;
    Partial& p = *partial;
    if (p.count != f.count) return;  // contradicts its own message
    const std::uint64_t bit = std::uint64_t{1} << f.index;
    if ((p.received & bit) == 0) {
      std::copy(f.bytes.begin(), f.bytes.end(),
                p.bytes.begin() + static_cast<std::ptrdiff_t>(f.index * wire::kFragmentBytes));
      p.received |= bit;
      p.size += f.bytes.size();
    }
    ack.received = p.received;
    if (p.received == wire::all_fragments(p.count)) {
      p.bytes.resize(p.size);
      delivered_.push_back(std::move(p.bytes));
      Seen& s = seen_[static_cast<std::size_t>(f.priority)];
      s.ids[s.count++ % kSeenIds] = f.message_id;
      partials_.erase(partials_.begin() + (&p - partials_.data()));
    }
  }
  for (wire::ControlAck& due : acks_due_) {
    if (due.priority == ack.priority && due.message_id == ack.message_id) {
      due.received |= ack.received;
      return;
    }
  }
  if (acks_due_.size() < kMaxAcksDue) acks_due_.push_back(ack);
}

// The bitmap is the receiver's state, not news: a bit that is gone means that the receiver had to
// give the message up, and only a full bitmap ends it. An acknowledgement that comes late costs a
// repeated fragment at worst.
void ControlChannel::acked(const wire::ControlAck& ack) {
  for (auto o = outgoing_.begin(); o != outgoing_.end(); ++o) {
    if (o->priority != ack.priority || o->id != ack.message_id) continue;
    const std::uint64_t all = wire::all_fragments(o->fragments.size());
    if ((ack.received & all) == all) {
      forget(*o);
      outgoing_.erase(o);
      return;
    }
    for (std::size_t i = 0; i < o->fragments.size(); ++i) {
      o->fragments[i].acked = (ack.received >> i & 1U) != 0;
    }
    return;
  }
}

std::optional<ByteSpan> ControlChannel::poll_message() {
  if (delivered_.empty()) return std::nullopt;
  spare_bytes_.give(current_);
  current_ = std::move(delivered_.front());
  delivered_.erase(delivered_.begin());
  return ByteSpan(current_);
}

Duration ControlChannel::resend_after(std::uint8_t tries) const {
  const Duration base = rtt_ ? std::max(*rtt_ * 2, kResendFloor) : kFirstResend;
  return std::min(base * (std::int64_t{1} << std::min<unsigned>(tries, 5)), kResendCeiling);
}

std::size_t ControlChannel::in_flight() const {
  std::size_t n = 0;
  for (const Outgoing& o : outgoing_) {
    for (const Fragment& f : o.fragments) n += f.sent && !f.acked ? 1 : 0;
  }
  return n;
}

std::size_t ControlChannel::poll_datagram(Timestamp now, std::span<std::uint8_t> out) {
  ByteWriter writer(out.first(std::min(out.size(), wire::kMaxControlDatagram)));
  wire::write_control_header(writer);
  bool any = false;
  while (!acks_due_.empty() && writer.room() >= wire::kAckBytes) {
    wire::write(writer, acks_due_.back());
    acks_due_.pop_back();
    any = true;
  }
  std::size_t flying = in_flight();
  for (Outgoing& o : outgoing_) {
    for (std::size_t i = 0; i < o.fragments.size(); ++i) {
      Fragment& f = o.fragments[i];
      if (f.acked || now < f.resend_at || (!f.sent && flying >= kInFlight)) continue;
      const ByteSpan bytes = wire::fragment_of(o.bytes, i);
      if (writer.room() < wire::kFragmentHeaderBytes + bytes.size()) continue;
      wire::write(writer,
                  wire::ControlFragment{o.priority, o.id, static_cast<std::uint16_t>(i),
                                        static_cast<std::uint16_t>(o.fragments.size()), bytes});
      flying += f.sent ? 0 : 1;
      f.sent = true;
      f.resend_at = now + resend_after(f.tries);
      if (f.tries < 255) ++f.tries;
      any = true;
    }
  }
  return any ? writer.size() : 0;
}

std::optional<Timestamp> ControlChannel::first_resend() const {
  std::optional<Timestamp> first;
  const bool full = in_flight() >= kInFlight;
  for (const Outgoing& o : outgoing_) {
    for (const Fragment& f : o.fragments) {
      if (f.acked || (!f.sent && full)) continue;
      if (!first || f.resend_at < *first) first = f.resend_at;
    }
  }
  return first;
}

void ControlChannel::reset() { *this = ControlChannel{}; }

}  // namespace diemcau::mesh
