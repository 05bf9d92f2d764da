// Whether our own line carries what all peers send us: only who receives it all can tell that it is
// this one queue that every one of them waits in.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/quality/flow_report.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// Ten senders cannot find out by themselves that they share a queue: each sees the others' packets
// as somebody else's greed. By experiment, as losses are judged: while most peers' sound waits
// equally long and packets are lost, less is asked for, step by step. When it stays so even without
// any picture, it is not of our asking, and everything is asked for again. And when the wait stays
// although much less comes than before, there is no full queue at all: the way has become a longer
// one. After calm seconds one step back, the later the oftener it went wrong. One thread at a time.
class Downlink {
 public:
  // One peer's second, of the local clock: the mean of what its sound waited above the least of the
  // last minutes, its packets, and the bytes that came.
  struct Second {
    Duration waited{};
    std::uint64_t received = 0, lost = 0, bytes = 0;
  };
  void second_over(Timestamp now, const Second& second);
  bool changed() const { return changed_; }
  // True once after each change.
  bool take_change() { return std::exchange(changed_, false); }
  // True once after it was found: what the peers' sound waits now is their way.
  bool take_longer_way() { return std::exchange(longer_way_, false); }
  quality::PictureLimit limit() const { return limit_; }
  // Most waited in our line in the last second, and packets are lost or were: what comes late by
  // that is of no use.
  bool crowded() const {
    return crowded_s_ > 0 || (waits_ && limit_ != quality::PictureLimit::none);
  }

 private:
  bool wait_in_one_queue();
  void judge(Timestamp now);
  void give_up(Timestamp now);
  void set(Timestamp now, quality::PictureLimit limit);

  std::int64_t second_ = 0;  // that is being collected
  std::vector<Duration> waits_of_peers_;
  std::uint64_t received_ = 0, lost_ = 0, bytes_ = 0;

  quality::PictureLimit limit_ = quality::PictureLimit::none;
  bool changed_ = false, waits_ = false, longer_way_ = false;
  std::uint64_t bytes_before_ = 0;  // in the second before less was asked for
  std::uint32_t crowded_s_ = 0, waits_with_less_s_ = 0, calm_s_ = 0;  // in a row
  std::uint32_t patience_s_ = 0;
  Timestamp changed_at_;
  std::optional<Timestamp> not_before_;
};

}  // namespace diemcau::mesh
