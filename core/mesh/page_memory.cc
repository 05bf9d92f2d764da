#include "core/mesh/page_memory.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/units/media_time.h"

namespace diemcau::mesh {

namespace {
// Decoders elsewhere need half of that for a picture in which nothing moves.
constexpr Duration kClosest = 4ms;
// As late as a picture that has just been made: the next live one is newer.
constexpr Duration kAge = 100ms;
// Headers and seal of a packet.
constexpr std::int64_t kPacketHeaders = 80;
}  // namespace

Duration PageMemory::Remembered::time_for(std::int64_t bytes) const {
  const std::int64_t bps = std::max<std::int64_t>(rate.bps(), 1'000);
  return Duration{bytes * 8 * 1'000'000'000 / bps};
}

bool PageMemory::add(Layer layer, std::span<const send::OutgoingPacket> frame, bool key) {
  Remembered& r = of(layer);
  const std::uint64_t number = r.next_number++;
  if (key) {
    forget(layer);
    r.key_number = number;
  }
  if (!key && r.frames.empty()) return false;
  std::int64_t bytes = 0;
  for (const send::OutgoingPacket& packet : frame)
    bytes += static_cast<std::int64_t>(packet.payload->wire_size()) + kPacketHeaders;
  r.took += r.time_for(bytes);
  if (r.frames.size() == kMostFrames || r.packets.size() + frame.size() > kMostPackets ||
      r.took > kLongest)
    return forget(layer);
  r.packets.insert(r.packets.end(), frame.begin(), frame.end());
  r.frames.push_back(
      {static_cast<std::uint32_t>(r.packets.size()), static_cast<std::uint32_t>(bytes)});
  return false;
}

bool PageMemory::forget(Layer layer) {
  Remembered& r = of(layer);
  r.packets.clear();
  r.frames.clear();
  r.took = {};
  bool left_alone = false;
  for (Viewer& viewer : peers_) {
    if (viewer.catches_up != layer) continue;
    viewer.catches_up.reset();
    --catching_up_;
    left_alone = true;
  }
  return left_alone;
}

void PageMemory::sent(PeerId peer, Layer layer) {
  peers_[peer.value].newest[static_cast<std::size_t>(layer)] = of(layer).next_number - 1;
}

void PageMemory::forget(PeerId peer) {
  call_off(peer);
  peers_[peer.value].newest = {};
}

bool PageMemory::begin(Timestamp now, PeerId peer, Layer layer) {
  const Remembered& r = of(layer);
  Viewer& viewer = peers_[peer.value];
  const auto& newest = viewer.newest[static_cast<std::size_t>(layer)];
  if (r.frames.empty() || (newest && *newest >= r.key_number)) return false;
  call_off(peer);
  viewer.catches_up = layer;
  viewer.next = 0;
  viewer.due = now;
  ++catching_up_;
  return true;
}

bool PageMemory::call_off(PeerId peer, Layer layer) {
  if (peers_[peer.value].catches_up != layer) return false;
  call_off(peer);
  return true;
}

void PageMemory::call_off(PeerId peer) {
  Viewer& viewer = peers_[peer.value];
  if (!viewer.catches_up) return;
  viewer.catches_up.reset();
  --catching_up_;
}

std::optional<PageMemory::Step> PageMemory::poll(Timestamp now, NtpTime wall) {
  if (catching_up_ == 0) return std::nullopt;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    if (peers_[i].catches_up && peers_[i].due <= now)
      return step(now, wall, PeerId{static_cast<std::uint16_t>(i)});
  }
  return std::nullopt;
}

PageMemory::Step PageMemory::step(Timestamp now, NtpTime wall, PeerId peer) {
  Viewer& viewer = peers_[peer.value];
  const Layer layer = *viewer.catches_up;
  const Remembered& r = of(layer);
  const Frame& frame = r.frames[viewer.next];
  const std::size_t begin = viewer.next == 0 ? 0 : r.frames[viewer.next - 1].end;
  const Timestamp captured_at = now - kAge;
  stamped_.assign(r.packets.begin() + static_cast<std::ptrdiff_t>(begin),
                  r.packets.begin() + static_cast<std::ptrdiff_t>(frame.end));
  for (send::OutgoingPacket& packet : stamped_) {
    packet.captured = wall + -kAge;
    packet.rtp_timestamp = MediaTime::from(captured_at.time_since_epoch(), kVideoClockHz).rtp();
  }
  viewer.newest[static_cast<std::size_t>(layer)] = r.key_number + viewer.next;
  const bool last = ++viewer.next == r.frames.size();
  viewer.due = now + std::max<Duration>(r.time_for(frame.bytes), kClosest);
  if (last) call_off(peer);
  return {peer, layer, stamped_, last};
}

Timestamp PageMemory::deadline() const {
  Timestamp first = Timestamp::max();
  if (catching_up_ == 0) return first;
  for (const Viewer& viewer : peers_) {
    if (viewer.catches_up) first = std::min(first, viewer.due);
  }
  return first;
}

}  // namespace diemcau::mesh
