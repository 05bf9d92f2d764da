// The media packets that have left on one link, as long as one of them may have to be sent again
// or coded.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/packet_pool.h"
#include "core/base/ring_queue.h"
#include "core/repair/gf256.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"

namespace diemcau::repair {

// Bounded: kMost packets, none older than kMostRemembered once another one is added. One thread at
// a time.
class SentSymbols {
 public:
  static constexpr std::size_t kMost = 512;
  static constexpr Duration kMostRemembered = 500ms;
  struct Pools {
    PacketPool& packets;
    const Kernel& kernel;
  };
  // Sealing works in place: what is remembered is a copy. A short one, the header of what is
  // elided, stands in it, so that neither to add it nor to forget it asks for other memory: on each
  // of the simulator's links the oldest has long left the cache.
  struct alignas(64) Sent {
    static constexpr std::size_t kShort = 40;
    PacketRef packet;       // of a longer one
    Timestamp repeated_at;  // the last time, if `repeats` is above 0
    std::uint16_t present = 0, elided = 0;
    std::uint8_t repeats = 0;
    std::array<std::uint8_t, kShort> head{};
    ByteSpan bytes() const { return packet ? packet->bytes() : ByteSpan{head}.first(present); }
    std::size_t wire_size() const { return std::size_t{present} + elided; }
  };

  explicit SentSymbols(Pools pools) : pools_(pools) {}

  // The id that the next packet gets.
  PacketId next() const { return next_; }
  PacketId oldest() const { return next_ - static_cast<PacketId>(sent_.size()); }
  void add(Timestamp now, const Packet& rtp);
  // It will be called: what it writes to.
  void fetch_next() const { __builtin_prefetch(sent_.next_place(), 1); }
  // For how long: until nobody can ask any more.
  void remember(Duration d) { remembered_ = std::min(d, kMostRemembered); }
  // None when it is too old or was never sent.
  Sent* find(PacketId id);
  // Of one that find() finds.
  Timestamp sent_at(PacketId id) const { return left_at_.at(place_of(id)); }
  // Of all symbols from `first` on that may be coded together: those that are remembered, the
  // newest kMostSymbols.
  PacketId window_since(Timestamp sent_at) const;
  // A repair packet's payload over `count` symbols from `first` on, all remembered. None when an
  // elided symbol has not enough elided bytes to say so.
  PacketRef code(PacketId first, std::size_t count, std::uint16_t key) const;
  // The payload that says that these will not be sent again.
  PacketRef refusal(PacketId first, std::size_t count) const;
  // The wire size of what code() would give, without coding.
  std::size_t coded_bytes(PacketId first, std::size_t count) const;
  void clear();

 private:
  std::size_t place_of(PacketId id) const { return static_cast<std::size_t>(id - oldest()); }
  const Sent& at(PacketId id) const { return sent_.at(place_of(id)); }
  void forget_oldest();

  Pools pools_;
  RingQueue<Timestamp> left_at_;  // of those in sent_
  RingQueue<Sent> sent_;
  std::size_t long_ = 0;  // of them with a packet
  PacketId next_ = 0;
  Duration remembered_ = kMostRemembered;
};

}  // namespace diemcau::repair
