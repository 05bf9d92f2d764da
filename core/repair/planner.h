// How much coded repair a path needs, from what it has lost (bounds: Martinian and Sundberg 2004;
// never below the loss itself, where a window that grows only makes things worse).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::repair {

// Losses are counted with their runs, and how many pictures lack something. The ratio is the
// expected loss and some deviations of it over one picture: few when what is left can still be
// asked for soon or a picture has few packets, more when not. Only what is over buys these;
// otherwise coded repair stays near the loss, and pictures wait for answers. None at all where
// asking is quick enough, or brings nine pictures in ten as early; and so much that hardly anything
// is left where no answer comes in time. Integers only. One thread at a time.
class Planner {
 public:
  // Of each packet once, in the order of sending.
  void packet(Timestamp now, bool lost, MediaKind media = MediaKind::video);
  // `inherent_permille`: what the line is known to lose whatever is sent. Nothing is coded against
  // losses that are our own doing: it would only make more of them. Behind a `queue` of somebody
  // else's no answer comes in time, and holding back leaves it as it is: there it is coded whatever
  // has been lost.
  void plan(Timestamp now, std::optional<Duration> round_trip, std::uint32_t inherent_permille,
            Duration queue);
  // Whether the path has room for wanted_permille() beside all media that it is to carry.
  void set_room(bool room) { room_ = room; }
  std::uint32_t wanted_permille() const { return wanted_permille_; }
  // Bytes of coded repair for each 1,000 bytes of media.
  std::uint32_t coded_permille() const { return coded_permille_; }
  std::uint32_t loss_permille() const { return loss_permille_; }
  // Of it what is the line's own, as far as that is known.
  std::uint32_t own_permille() const { return own_permille_; }
  // No more of what is lost stands side by side than chance makes.
  bool lost_singly() const { return lost_singly_; }

 private:
  static constexpr Duration kSlot = 500ms;
  static constexpr std::int64_t kSlots = 16;
  static constexpr std::uint64_t kLeastPackets = 2;
  struct Slot {
    std::int64_t number = -1;
    std::uint32_t packets = 0, lost = 0, runs = 0, sound = 0;
    std::uint32_t pictures = 0, lacking = 0;  // as many packets as a picture has; some of them lost
  };
  void plan_against_losses(Timestamp now, std::optional<Duration> round_trip,
                           std::uint32_t inherent_permille);
  void plan_without_answers(std::uint64_t loss_permille, std::uint64_t run_permille,
                            std::uint64_t soon_packets);
  Slot sum(std::int64_t last, std::int64_t slots) const;

  std::optional<Timestamp> foreign_since_;  // a queue that is not ours stands in front
  bool lost_before_ = false;
  std::uint64_t picture_ = kLeastPackets;  // packets of pictures in a picture's time
  std::uint64_t of_picture_ = 0;           // counted of the one under way
  bool lacks_ = false;
  std::uint32_t loss_permille_ = 0, own_permille_ = 0;
  std::uint32_t wanted_permille_ = 0, coded_permille_ = 0;
  bool room_ = false;
  bool lost_singly_ = false;
  std::array<Slot, kSlots> slots_{};
};

}  // namespace diemcau::repair
