// R = 93.2 − Idd − Ie,eff.
#include "core/quality/emodel.h"

#include <algorithm>
#include <cmath>

namespace diemcau::quality {

namespace {
// Impairment by pure delay, G.107 §7.4.
double idd(double ta_ms) {
  if (ta_ms <= 100) return 0;
  const double x = std::log2(ta_ms / 100);
  const double sixth = 1.0 / 6.0;
  return 25 *
         (std::pow(1 + std::pow(x, 6), sixth) - 3 * std::pow(1 + std::pow(x / 3, 6), sixth) + 2);
}
}  // namespace

double r_factor(Duration mouth_to_ear, double concealed_ratio, EModelCodec codec,
                double burst_ratio) {
  const double ppl = 100 * concealed_ratio;
  const double ie_eff = codec.ie + (95 - codec.ie) * ppl / (ppl / burst_ratio + codec.bpl);
  return 93.2 - idd(to_ms_double(mouth_to_ear)) - ie_eff;
}

double mos(double r) {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return std::max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

}  // namespace diemcau::quality
