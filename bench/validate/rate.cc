// Wandering rates: a log-normal first-order autoregressive process has the mean, the width and the
// memory that were asked for.
#include <cmath>
#include <cstdint>
#include <vector>

#include "bench/validate/row.h"
#include "sim/capacity.h"

namespace diemcau::validate {

namespace {

constexpr std::int64_t kSteps = 1'000'000;
constexpr double kSigma = 0.3, kRho = 0.9;
constexpr double kMeanMbps = 20;

std::int64_t q16(double x) { return std::llround(x * 65'536); }

void wandering(Rows& rows) {
  sim::CapacityConfig config;
  config.kind = sim::CapacityConfig::Kind::wandering;
  config.rate = Bitrate::kbps(20'000);
  config.sigma_q16 = q16(kSigma);
  config.rho_q16 = q16(kRho);
  sim::Server server{config, {}, sim::CounterRandom{kSeed, sim::Purpose::capacity, 0}};
  std::vector<double> logs;
  double sum_rate = 0, sum = 0;
  for (std::int64_t n = 0; n < kSteps; ++n) {
    const double mbps = static_cast<double>(server.rate_at(n * config.step.count()).bps()) / 1e6;
    sum_rate += mbps;
    logs.push_back(std::log(mbps));
    sum += logs.back();
  }
  const double mean = sum / kSteps;
  double squares = 0, products = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    squares += (logs[i] - mean) * (logs[i] - mean);
    if (i > 0) products += (logs[i] - mean) * (logs[i - 1] - mean);
  }
  // Standard deviations of the estimates from n steps (Bartlett 1946): mean σ √((1+ρ) / ((1−ρ) n)),
  // σ² itself σ² √(2 (1+ρ²) / ((1−ρ²) n)), ρ √((1−ρ²) / n). Four of each, and 0.1 % for steps of
  // 2^-16.
  constexpr double kN = kSteps;
  const double mean_dev = kSigma * std::sqrt((1 + kRho) / ((1 - kRho) * kN));
  const double var_dev = std::sqrt(2 * (1 + kRho * kRho) / ((1 - kRho * kRho) * kN));
  const double rho_dev = std::sqrt((1 - kRho * kRho) / kN);
  rows.push_back(within("wandering/mean_rate", sum_rate / kSteps, kMeanMbps,
                        kMeanMbps * (4 * mean_dev * 1.05 + 0.001), "Mbit/s"));
  rows.push_back(within("wandering/mean_log", mean, std::log(kMeanMbps) - kSigma * kSigma / 2,
                        4 * mean_dev + 0.001, "ln Mbit/s"));
  rows.push_back(within_part("wandering/sigma_log", std::sqrt(squares / kSteps), kSigma,
                             2 * var_dev + 0.001, "1"));
  rows.push_back(within("wandering/lag_1", products / squares, kRho, 4 * rho_dev + 0.001, "1"));
}

}  // namespace

const std::vector<Check> kRateChecks{{"wandering", wandering}};

}  // namespace diemcau::validate
