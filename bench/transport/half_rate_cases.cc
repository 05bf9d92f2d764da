// Half the picture rate, where a line has too little for all of a layer and more than the layer
// below needs: what is seen there, and what it costs those who could have all.
#include <algorithm>

#include "bench/transport/rows.h"

namespace diemcau::judge {

namespace {

using R = Recording;

// Of the span, the part in which that layer of central's is in two temporal layers.
Figure temporal_ratio(const R& r, Layer layer, Span span) {
  double on_ms = 0;
  Timestamp since = Timestamp{} + span.from;
  bool on = false;
  const auto until = [&](Timestamp t) {
    t = std::clamp(t, Timestamp{} + span.from, Timestamp{} + span.to);
    if (on) on_ms += to_ms_double(t - since);
    since = t;
  };
  for (const EncoderTarget& target : r.encoders[r.member("central")].targets) {
    if (target.layer != layer) continue;
    until(target.at);
    on = target.active && target.temporal;
  }
  until(Timestamp{} + span.to);
  return on_ms / to_ms_double(span.to - span.from);
}

Row shown(const std::string& name, const char* to, Span span, Bar bar) {
  return {name + "_pictures", "1/s", bar,
          [=](const R& r) { return pictures_per_second(r.flow("central", to), span); }};
}
Row layer(const std::string& name, const char* to, Span span, Layer which, Bar bar) {
  return {name + "_of_" + name_of(which), "ratio", bar,
          [=](const R& r) { return layer_ratio(r.flow("central", to), span, which); }};
}
Row media(const std::string& name, const char* to, Span span, Bar bar) {
  return {name + "_media", "kbit/s", bar,
          [=](const R& r) { return media_kbps(r.flow("central", to), span); }};
}
Row frozen(const std::string& name, const char* to, Span span) {
  return {name + "_frozen", "ratio", most(0.001),
          [=](const R& r) { return frozen_ratio(r.flow("central", to), span); }};
}
Row gap(const std::string& name, const char* to, Span span, double bar_ms) {
  return {name + "_gap", "ms", most(bar_ms),
          [=](const R& r) { return longest_picture_gap_ms(r.flow("central", to), span); }};
}
Row temporal(const std::string& name, Layer which, Span span, Bar bar) {
  return {name + "_temporal_layers", "ratio", bar,
          [=](const R& r) { return temporal_ratio(r, which, span); }};
}

// Two viewers of hi: one whose line carries all of it, one whose line carries 1.25 Mbit/s. From
// 60 s on both carry it.
Case two_viewers() {
  const Span apart = from_to(15, 60), alike = from_to(90, 110);
  return {"half-rate-pair",
          "half-rate-pair",
          {},
          {{"central", "near"}, {"central", "far"}},
          {media("near", "near", apart, least(1'400, 1'600)),
           shown("near", "near", apart, least(29, 30)),
           layer("far", "far", apart, Layer::hi, least(0.95)),
           shown("far", "far", apart, least(14.5, 15)), gap("far", "far", apart, 150),
           frozen("far", "far", apart), frozen("near", "near", from_to(10, 110)),
           temporal("apart", Layer::hi, apart, least(0.95)),
           temporal("alike", Layer::hi, alike, most(0.05)),
           shown("far_alike", "far", alike, least(29, 30))}};
}

// One viewer; its line has 900 kbit/s, from 20 s 500, from 50 s 340, from 80 s 900 again.
Case one_viewer() {
  const Span hi = from_to(25, 50), mid = from_to(58, 80), back = from_to(90, 110);
  return {"half-rate-line",
          "half-rate-line",
          {"bottleneck/up"},
          {{"central", "far"}},
          {layer("below_hi", "far", hi, Layer::hi, least(0.9)),
           shown("below_hi", "far", hi, figure()), gap("below_hi", "far", hi, 250),
           frozen("below_hi", "far", hi), layer("below_mid", "far", mid, Layer::mid, least(0.9)),
           shown("below_mid", "far", mid, figure()), gap("below_mid", "far", mid, 250),
           frozen("below_mid", "far", mid), layer("back", "far", back, Layer::hi, least(0.95)),
           shown("back", "far", back, least(29, 30)), temporal("back", Layer::hi, back, most(0.05)),
           queue_p95("bottleneck/up", most(80), {hi, mid})}};
}

}  // namespace

std::vector<Case> half_cases() { return {two_viewers(), one_viewer()}; }

}  // namespace diemcau::judge
