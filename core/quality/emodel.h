// Voice quality as people would rate it, from delay and loss after repair (ITU-T G.107, reduced to
// what a network changes).
#pragma once

#include "core/units/time.h"

namespace diemcau::quality {

// Opus has no normative impairment values: Ie 0 and Bpl 10 without forward error correction are the
// usual estimate.
struct EModelCodec {
  double ie = 0;
  double bpl = 10;
};

// R for a mouth-to-ear delay and the ratio (0–1) of sound that was concealed, in bursts of
// `burst_ratio` (1: random). For reports only.
double r_factor(Duration mouth_to_ear, double concealed_ratio, EModelCodec codec = {},
                double burst_ratio = 1);
// 1–4.5 (G.107 annex B).
double mos(double r);

}  // namespace diemcau::quality
