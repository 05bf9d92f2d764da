// Sound is judged per pair, faces per pair over all layers that were shown, lines one by one.
#include "sim/meeting_metrics.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include "core/quality/emodel.h"
#include "core/quality/flow_figures.h"

namespace diemcau::sim {

namespace {

std::optional<double> figure(const std::vector<quality::FlowFigure>& figures, const char* group,
                             const char* name) {
  for (const quality::FlowFigure& f : figures) {
    const bool same_group = group == nullptr
                                ? f.group == nullptr
                                : f.group != nullptr && std::strcmp(f.group, group) == 0;
    if (same_group && std::strcmp(f.name, name) == 0) return f.value;
  }
  return std::nullopt;
}

void raise(std::optional<double>& worst, std::optional<double> value) {
  if (value && (!worst || *value > *worst)) worst = value;
}

// Layers of one picture are shown one after the other: their times and freezes add up.
struct Picture {
  std::uint64_t shown = 0, freezes = 0;
  Duration frozen{};
  quality::Histogram end_to_end;
};

class Collector {
 public:
  explicit Collector(const RunResult& r) : r_(r), n_(r.names.size()), pictures_(n_ * n_) {
    out_.bridges = n_;
    out_.sounds.resize(n_ * n_);
    out_.stills.resize(n_ * n_);
    for (std::size_t to = 0; to < r.bridges.size(); ++to) {
      for (const quality::FlowReport& f : r.bridges[to].flows) add(f, to);
    }
  }

  MeetingFigures finish() {
    for (std::size_t from = 0; from < n_; ++from) {
      for (std::size_t to = 0; to < n_; ++to) {
        if (from == to || r_.apart.count({from, to}) > 0) continue;
        judge_sound(from, to);
        judge_picture(from, to);
      }
    }
    judge_bridges();
    out_.received_kbps = received_ / static_cast<double>(std::max<std::size_t>(n_, 1));
    for (const LinkReport& l : r_.links) {
      auto& highest = value(MetricId::link_utilisation);
      if (highest && l.utilisation <= *highest) continue;
      highest = l.utilisation;
      out_.binding_link = l.name;
    }
    return std::move(out_);
  }

 private:
  std::optional<double>& value(MetricId id) { return out_.values[static_cast<std::size_t>(id)]; }

  void add(const quality::FlowReport& f, std::size_t to) {
    const std::size_t pair = f.from.value * n_ + to;
    const auto figures = quality::flow_figures(f);
    received_ += figure(figures, nullptr, "received_kbps").value_or(0);
    if (f.source == Source::document) return;  // its pages are judged by themselves
    raise(value(MetricId::residual_loss_ratio), figure(figures, nullptr, "residual_loss_ratio"));
    if (f.media == MediaKind::video) {
      Picture& p = pictures_[pair];
      p.shown += f.frames_shown;
      p.freezes += f.freezes;
      p.frozen += f.freeze_time;
      p.end_to_end.merge(f.end_to_end);
      return;
    }
    const auto r = figure(figures, nullptr, "r_factor");
    const auto concealed = figure(figures, nullptr, "concealed_ratio");
    if (r && concealed)
      out_.sounds[pair] = Sound{*r, *concealed, figure(figures, "end_to_end_ms", "p95")};
  }

  bool sent(std::size_t from, std::size_t to, Layer layer) const {
    return !r_.crossings.empty() && r_.crossing(from, to, layer).packets_sent > 0;
  }
  // Without a path nothing could be sent, and that is no excuse.
  bool connected(std::size_t from, std::size_t to) const {
    const auto& paths = r_.bridges[to].paths;
    return std::any_of(paths.begin(), paths.end(),
                       [&](const quality::PathReport& p) { return p.peer.value == from && p.up; });
  }

  void judge_sound(std::size_t from, std::size_t to) {
    auto& sound = out_.sounds[from * n_ + to];
    if (!sound && (sent(from, to, Layer::only) || !connected(from, to)))
      sound = Sound{quality::r_factor(Duration{}, 1), 1, std::nullopt};
    if (!sound) return;
    auto& worst = value(MetricId::audio_r_worst);
    if (!worst || sound->r < *worst) worst = sound->r;
    raise(value(MetricId::audio_concealed_ratio), sound->concealed_ratio);
    raise(value(MetricId::audio_delay_p95_ms), sound->delay_p95_ms);
  }

  void judge_picture(std::size_t from, std::size_t to) {
    const Picture& p = pictures_[from * n_ + to];
    const bool was_sent =
        sent(from, to, Layer::lo) || sent(from, to, Layer::mid) || sent(from, to, Layer::hi);
    const double measured_s = to_ms_double(r_.measured) / 1e3;
    if ((p.shown == 0 && !was_sent) || measured_s <= 0) return;
    const double frozen_s = to_ms_double(p.frozen) / 1e3;
    const double still = p.shown == 0 ? 1.0 : std::min(1.0, frozen_s / measured_s);
    out_.stills[from * n_ + to] = still;
    raise(value(MetricId::video_freeze_share), still);
    if (p.shown == 0) return;
    raise(value(MetricId::freezes_per_minute), static_cast<double>(p.freezes) * 60 / measured_s);
    if (const auto d = p.end_to_end.quantile(9500))
      raise(value(MetricId::video_delay_p95_ms), to_ms_double(*d));
  }

  // In the middle over the others; of an even number the better one of the two: with two others,
  // the good one speaks for the bridge.
  template <typename Worse>
  static std::optional<double> middle(std::vector<double> values, Worse worse) {
    if (values.empty()) return std::nullopt;
    std::sort(values.begin(), values.end(), worse);
    return values[values.size() / 2];
  }

  template <typename Worse>
  static std::optional<double> worse_of(std::vector<double> in, std::vector<double> out,
                                        Worse worse) {
    const auto received = middle(std::move(in), worse);
    const auto sent = middle(std::move(out), worse);
    if (!received || (sent && worse(*sent, *received))) return sent;
    return received;
  }

  BridgeQuality judge_bridge(std::size_t i) const {
    std::vector<double> hears, heard, sees, seen;
    for (std::size_t j = 0; j < n_; ++j) {
      if (const auto& s = out_.sound(j, i)) hears.push_back(s->r);
      if (const auto& s = out_.sound(i, j)) heard.push_back(s->r);
      if (const auto& s = out_.still(j, i)) sees.push_back(*s);
      if (const auto& s = out_.still(i, j)) seen.push_back(*s);
    }
    return {worse_of(std::move(hears), std::move(heard), std::less{}),
            worse_of(std::move(sees), std::move(seen), std::greater{})};
  }

  void judge_bridges() {
    std::size_t good = 0, judged = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      out_.of_bridge.push_back(judge_bridge(i));
      const BridgeQuality& q = out_.of_bridge.back();
      if (q.grade() == Grade::unmeasured) continue;
      ++judged;
      if (q.grade() == Grade::good) ++good;
      if (!out_.worst_bridge || is_worse(q, out_.of_bridge[*out_.worst_bridge]))
        out_.worst_bridge = i;
    }
    if (judged > 0)
      value(MetricId::bridges_good_share) = static_cast<double>(good) / static_cast<double>(judged);
    std::vector<double> all;
    for (const auto& s : out_.sounds) {
      if (s) all.push_back(s->r);
    }
    if (!all.empty()) value(MetricId::audio_r_median) = percentile(std::move(all), 0.5);
  }

  const RunResult& r_;
  const std::size_t n_;
  double received_ = 0;
  std::vector<Picture> pictures_;
  MeetingFigures out_;
};

}  // namespace

Grade grade_of(const std::optional<double>& r) {
  if (!r) return Grade::unmeasured;
  return *r >= kGoodR ? Grade::good : *r >= kFairR ? Grade::fair : Grade::poor;
}

Grade BridgeQuality::picture() const {
  if (!still) return Grade::unmeasured;
  return *still <= kGoodStill ? Grade::good : *still <= kFairStill ? Grade::fair : Grade::poor;
}

bool is_worse(const BridgeQuality& a, const BridgeQuality& b) {
  if (a.grade() != b.grade()) return a.grade() > b.grade();
  if (a.sound() != b.sound()) return a.sound() > b.sound();
  return a.grade() == a.sound() ? *a.r < *b.r : *a.still > *b.still;
}

Grade BridgeQuality::grade() const {
  return sound() == Grade::unmeasured || picture() == Grade::unmeasured
             ? sound()
             : std::max(sound(), picture());
}

const std::array<Metric, kMetrics>& metrics() {
  // What people notice: a point of R; 10 ms of delay; a thousandth of the sound; a freeze in five
  // minutes.
  static const std::array<Metric, kMetrics> kTable = {{
      {"audio_r_worst", words::kAudioRWorst, Better::higher, false, 1, 1, ""},
      {"audio_r_median", words::kAudioRMedian, Better::higher, false, 1, 1, ""},
      {"audio_delay_p95_ms", words::kAudioDelay, Better::lower, false, 0, 10, " ms"},
      {"audio_concealed_ratio", words::kAudioConcealed, Better::lower, true, 2, 0.001, " %"},
      {"residual_loss_ratio", words::kResidualLoss, Better::lower, true, 2, 0.001, " %"},
      {"video_delay_p95_ms", words::kVideoDelay, Better::lower, false, 0, 10, " ms"},
      {"freezes_per_minute", words::kFreezes, Better::lower, false, 2, 0.2, ""},
      {"video_freeze_share", words::kFreezeShare, Better::lower, true, 2, 0.005, " %"},
      {"bridges_good_share", words::kBridgesGood, Better::higher, true, 0, 0.05, " %"},
      {"link_utilisation", words::kLinkUtilisation, Better::lower, true, 1, 0.05, " %"},
  }};
  return kTable;
}

std::optional<MetricId> metric_of(std::string_view id) {
  for (std::size_t i = 0; i < kMetrics; ++i) {
    if (metrics()[i].id == id) return static_cast<MetricId>(i);
  }
  return std::nullopt;
}

MeetingFigures meeting_figures(const RunResult& result) { return Collector{result}.finish(); }

}  // namespace diemcau::sim
