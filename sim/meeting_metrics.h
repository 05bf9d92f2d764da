// What a whole meeting was like, in a fixed list of figures that comparing, gating and reporting
// share.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/report_texts.h"
#include "sim/statistics.h"
#include "sim/world.h"

namespace diemcau::sim {

// R of ITU-T G.107. G.109: from 80 on users are satisfied, from 70 on some are dissatisfied; these
// are the middles of its classes.
constexpr double kGoodR = 85, kFairR = 75;
// Part of the time in which a picture stands still: our own limits, no norm has them. The first is
// what configs/targets.toml asks for.
constexpr double kGoodStill = 0.01, kFairStill = 0.05;

enum class Grade : std::uint8_t { good, fair, poor, unmeasured };
Grade grade_of(const std::optional<double>& r);

enum class MetricId : std::uint8_t {
  audio_r_worst,
  audio_r_median,
  audio_delay_p95_ms,
  audio_concealed_ratio,
  residual_loss_ratio,
  video_delay_p95_ms,
  freezes_per_minute,
  video_freeze_share,
  bridges_good_share,
  link_utilisation,
  count_
};
constexpr std::size_t kMetrics = static_cast<std::size_t>(MetricId::count_);

struct Metric {
  std::string_view id;  // in targets, JSON and CSV
  Words name;
  Better better = Better::lower;
  bool is_ratio = false;  // 0–1, shown to people in percent
  int digits = 0;         // shown to people
  double noticeable = 0;  // a smaller difference is nothing that people notice
  const char* unit = "";
};
const std::array<Metric, kMetrics>& metrics();
std::optional<MetricId> metric_of(std::string_view id);

// The sound on its way from one bridge to another.
struct Sound {
  double r = 0;
  double concealed_ratio = 0;
  std::optional<double> delay_p95_ms;  // none: nothing was heard
};

// Of each figure the worse of how the bridge hears (sees) and how it is heard (seen), each in the
// middle over the others, so that one bad line does not blame everybody else.
struct BridgeQuality {
  std::optional<double> r;
  std::optional<double> still;  // part of the time in which the picture stood still

  Grade sound() const { return grade_of(r); }
  Grade picture() const;
  // The worse of both. Without sound nobody can be received, whatever there is to see; without
  // pictures sound alone decides.
  Grade grade() const;
};

// By grade; of the same grade by sound's; then by whichever of both made the grade.
bool is_worse(const BridgeQuality& a, const BridgeQuality& b);

// A pair that should have had a stream and of which nothing arrived counts as wholly concealed and
// frozen throughout: a dead line must never look like a good one.
struct MeetingFigures {
  std::array<std::optional<double>, kMetrics> values;
  std::string binding_link;  // with the highest utilisation
  double received_kbps = 0;  // by a bridge, all streams together, on average

  std::size_t bridges = 0;
  std::vector<std::optional<Sound>> sounds;   // from × to
  std::vector<std::optional<double>> stills;  // from × to, of pictures
  std::vector<BridgeQuality> of_bridge;
  std::optional<std::size_t> worst_bridge;

  const std::optional<Sound>& sound(std::size_t from, std::size_t to) const {
    return sounds[from * bridges + to];
  }
  const std::optional<double>& still(std::size_t from, std::size_t to) const {
    return stills[from * bridges + to];
  }
  const std::optional<double>& value(MetricId id) const {
    return values[static_cast<std::size_t>(id)];
  }
};

MeetingFigures meeting_figures(const RunResult& result);

}  // namespace diemcau::sim
