// From packets with both their times to what they say about the path: its queue, what it carries,
// what it loses.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/fetch.h"
#include "core/rate/base_delay.h"
#include "core/rate/clock_skew.h"
#include "core/rate/observation.h"
#include "core/rate/sent_log.h"

namespace diemcau::rate {

// The peer's clock runs apart from ours by an unknown offset: only differences of the one-way delay
// mean anything, against the least of the last half minute. One thread at a time.
class PathMeter {
 public:
  // `picture`: of one, and not an answer or coded repair, which go on in a pause of the pictures.
  void sent(Timestamp now, std::uint16_t size_bytes, bool picture);
  // One report; `round_trip` is that of its newest packet, without the time the peer held it back.
  Observation report(Timestamp now, std::span<const ReportedPacket> packets,
                     std::optional<Duration> round_trip);
  Duration round_trip() const { return round_trip_.least().value_or(kUnknownRoundTrip); }
  // The least of the last minutes: reports may stand in a queue of their sender's for longer than
  // the other one remembers.
  Duration way_and_back() const { return way_and_back_.least().value_or(kUnknownRoundTrip); }
  // A report is near: what each of them reads.
  void fetch() const { diemcau::fetch(this, sizeof *this - sizeof busy_ - sizeof skew_); }
  // Of the newest packet that arrived.
  Duration wait() const { return queue_; }
  // What arrived or was lost within `window` before the newest arrival.
  Bitrate carried(Duration window) const {
    return rates(arrivals_, window, newest_arrival_).carried;
  }

  static constexpr Duration kUnknownRoundTrip = 100ms;

 private:
  // The least value of the last six parts.
  class Least {
   public:
    explicit Least(Duration part) : part_(part) {}
    void add(Timestamp now, Duration value);
    std::optional<Duration> least() const { return least_; }

   private:
    struct Part {
      std::int64_t number = -1;
      Duration least{};
    };
    Duration part_;
    std::array<Part, 6> parts_{};
    std::int64_t newest_ = -1;
    std::optional<Duration> least_;
  };
  static constexpr Duration kSlot = 25ms;
  static constexpr std::int64_t kSlots = 40;
  // A ring of slots by the number of their time. Small ones, because a report reads a dozen that
  // have left the cache: the number is the low half of the time's, and what a path carries in 25 ms
  // is less than 4 GB.
  template <typename Slot>
  class Series {
   public:
    Slot& at(Timestamp t) {
      const std::int64_t number = t.time_since_epoch() / kSlot;
      Slot& slot = slots_[place_of(number)];
      if (slot.number != static_cast<std::uint32_t>(number))
        slot = Slot{.number = static_cast<std::uint32_t>(number)};
      return slot;
    }
    // Calls with each slot of the last `count` up to that of `end`, the newest first, until told to
    // stop.
    template <typename F>
    void backwards(Timestamp end, std::int64_t count, F&& keeps_on) const {
      const std::int64_t last = end.time_since_epoch() / kSlot;
      std::size_t place = place_of(last);
      for (std::int64_t back = 0; back < count; ++back) {
        const Slot& slot = slots_[place];
        if (slot.number == static_cast<std::uint32_t>(last - back) && !keeps_on(slot)) return;
        place = (place == 0 ? slots_.size() : place) - 1;
      }
    }

   private:
    static std::size_t place_of(std::int64_t number) {
      return static_cast<std::uint64_t>(number) % static_cast<std::uint64_t>(kSlots);
    }
    std::array<Slot, kSlots> slots_{};
  };
  struct Carried {
    std::uint32_t number = 0;
    std::uint32_t bytes = 0;
    std::uint32_t lost_bytes = 0;
  };
  // What kept the line busy of it.
  struct Busy {
    std::uint32_t number = 0;
    std::uint32_t bytes = 0;
    std::uint32_t packets = 0;
    std::int64_t ns = 0;
  };
  // Within `window` before the slot of `end`: what arrived (or was sent), and that with what was
  // lost between.
  struct Rates {
    Bitrate arrived, carried;
  };
  static Rates rates(const Series<Carried>& of, Duration window, Timestamp end);
  std::optional<Bitrate> busy_rate() const;
  struct Wait {
    Timestamp arrived_at;
    Duration queue{};
  };

  void look_at_waits(Observation& o) const;
  // One that a report says was received, with what was lost before it.
  void arrived(Timestamp now, const ReportedPacket& p);
  std::uint32_t blacked_out(std::span<const ReportedPacket> packets) const;

  // What a report reads, in fetch(); the rest behind.
  BaseDelay base_;
  Least round_trip_{5s}, way_and_back_{60s};
  Series<Carried> sent_;                                   // by our clock
  std::optional<Timestamp> picture_sent_at_, resumed_at_;  // the newest; the first after a pause
  Series<Carried> arrivals_;                               // by the peer's
  std::optional<Timestamp> newest_busy_;
  std::optional<Timestamp> last_arrival_;
  std::uint32_t lost_since_arrival_bytes_ = 0;
  Bitrate delivered_;                       // as the last report had it
  Timestamp newest_told_, newest_arrival_;  // when it was sent, by us; when it came, by the peer
  Duration queue_{};
  std::array<Wait, 32> waits_{};
  std::size_t next_wait_ = 0;
  Series<Busy> busy_;
  ClockSkew skew_;
};

}  // namespace diemcau::rate
