// What no repair can beat on a line that loses: an ideal code of a given schedule, and asking again
// with perfect knowledge of round trip and deadline.
#pragma once

#include <cstdint>
#include <optional>

#include "core/units/time.h"
#include "sim/wire_loss.h"

namespace diemcau::judge {

struct RepairPlan {
  sim::LossConfig loss;
  std::uint64_t seed = 1;
  Duration round_trip{};
  Duration budget{};     // of a picture, from its capture on, the way itself not counted
  unsigned packets = 4;  // of a picture
  unsigned fps = 30;
  double coded_per_packet = 0;  // repair packets for each packet of media, at the ends of pictures
};

// Parts of the pictures that stay incomplete.
struct RepairBounds {
  // A picture is whole when of the repair packets behind it, until its budget is over, as many
  // arrive as packets of it were lost: as if all other losses were known. No systematic code with
  // that schedule can do better.
  double ideal_code = 0;
  // Every lost packet is asked for the moment the next one shows it, and again a round trip later,
  // as long as the answer is in time; questions are never lost.
  double asking = 0;
  double asking_extra = 0;  // packets sent again ÷ packets
};
RepairBounds repair_bounds(const RepairPlan& plan);

// At most `incomplete` of the pictures stay so, and `soon_part` of them are whole within `soon`.
struct RepairAim {
  double incomplete = 0.001;
  Duration soon{};
  double soon_part = 0;
};
// What the best mix of both costs that reaches the aim, in repair packets ÷ packets; none when no
// mix with up to as many again does. A mix is a ratio of coded repair at the ends of pictures; when
// questions begin, as soon as a loss shows or as late as the budget lets them; how many there are;
// and how many times what the last one asks for is sent. Questions are never lost, and a repair
// packet that arrives stands for any packet lost in the budget before it, the oldest first: no code
// can do more with it.
std::optional<double> least_extra(const RepairPlan& plan, const RepairAim& aim);

}  // namespace diemcau::judge
