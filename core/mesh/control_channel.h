// Reliable messages over one link: fragments, acknowledgements and priorities on datagrams of at
// most 1,200 bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/base/fetch.h"
#include "core/base/token_bucket.h"
#include "core/units/time.h"
#include "core/wire/control.h"

namespace diemcau::mesh {

// Messages are delivered once, in any order: what needs an order carries a version. Everything is
// bounded: at most kQueuePerPriority and one per slot wait here, a receiver holds at most
// kPartialMessages unfinished ones, begins at most 64 at once and 200 a second (room for 64 KiB
// each is made), and remembers the last kSeenIds.
class ControlChannel {
 public:
  // False when that priority has its share of messages waiting: nothing accepted is ever dropped. A
  // message of a slot (≠ 0) always has room, and replaces an older one of the slot, whether or not
  // part of that is on its way.
  bool send(Timestamp now, wire::ControlPriority priority, ByteSpan message, std::uint8_t slot);
  void datagram_arrived(Timestamp now, ByteSpan datagram);
  // One finished message; valid until the next call on this object. Poll until empty after
  // datagram_arrived().
  std::optional<ByteSpan> poll_message();
  bool has_message() const { return !delivered_.empty(); }
  // It will be asked soon.
  void fetch() const { diemcau::fetch(&delivered_, sizeof(delivered_)); }
  // Writes one due datagram and gives its size; 0 when nothing is due. Poll until 0 after every
  // call.
  std::size_t poll_datagram(Timestamp now, std::span<std::uint8_t> out);
  std::optional<Timestamp> deadline() const {
    return outgoing_.empty() ? std::nullopt : first_resend();
  }
  // The round trip bounds how soon a fragment is sent again.
  void set_rtt(Duration rtt) { rtt_ = rtt; }
  void reset();

 private:
  static constexpr std::ptrdiff_t kQueuePerPriority = 16;
  static constexpr std::size_t kPartialMessages = 16;
  static constexpr std::size_t kSeenIds = 256;
  static constexpr std::size_t kInFlight = 16;

  struct Fragment {
    bool acked = false;
    bool sent = false;
    std::uint8_t tries = 0;
    Timestamp resend_at;
  };
  struct Outgoing {
    wire::ControlPriority priority{};
    std::uint32_t id = 0;
    std::uint8_t slot = 0;
    std::vector<std::uint8_t> bytes;
    std::vector<Fragment> fragments;
  };
  struct Partial {
    wire::ControlPriority priority{};
    std::uint32_t id = 0;
    std::uint64_t age = 0;  // of its last fragment
    std::uint16_t count = 0;
    std::uint64_t received = 0;  // bitmap, as acknowledged
    std::vector<std::uint8_t> bytes;
    std::size_t size = 0;
  };
  // The last ids delivered of one priority, so that a repeated fragment is acknowledged and not
  // delivered again.
  struct Seen {
    std::array<std::uint32_t, kSeenIds> ids{};
    std::size_t count = 0;
  };

  // Emptied vectors that keep their memory for the next message; a few are enough.
  template <typename T>
  class Spare {
   public:
    std::vector<T> take() {
      if (kept_.empty()) return {};
      std::vector<T> v = std::move(kept_.back());
      kept_.pop_back();
      return v;
    }
    void give(std::vector<T>& v) {
      if (kept_.size() == kMost || v.capacity() == 0) return;
      v.clear();
      kept_.push_back(std::move(v));
    }

   private:
    static constexpr std::size_t kMost = 16;
    std::vector<std::vector<T>> kept_;
  };

  void forget(Outgoing& o);
  void fragment_arrived(Timestamp now, const wire::ControlFragment& f);
  void acked(const wire::ControlAck& ack);
  bool seen(const wire::ControlFragment& f) const;
  bool has_room(wire::ControlPriority priority) const;
  // None when it would be one too many for now: it comes again.
  Partial* partial_of(Timestamp now, const wire::ControlFragment& f);
  std::size_t in_flight() const;
  std::optional<Timestamp> first_resend() const;
  Duration resend_after(std::uint8_t tries) const;

  std::vector<Outgoing> outgoing_;
  std::vector<Partial> partials_;
  TokenBucket beginnings_{64, 5ms};
  std::vector<wire::ControlAck> acks_due_;
  std::vector<std::vector<std::uint8_t>> delivered_;
  std::vector<std::uint8_t> current_;
  Spare<std::uint8_t> spare_bytes_;
  Spare<Fragment> spare_fragments_;
  std::array<std::uint32_t, wire::kControlPriorities> next_id_{};
  std::uint64_t arrivals_ = 0;
  std::optional<Duration> rtt_;
  std::array<Seen, wire::kControlPriorities> seen_{};
};

}  // namespace diemcau::mesh
