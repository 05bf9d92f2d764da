// Integrates the rate in integer bit·ns, so that the same bytes leave at the same ns everywhere.
#include "sim/capacity.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/check.h"
#include "sim/random_shapes.h"

namespace diemcau::sim {

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kBitNs = 8 * std::int64_t{1'000'000'000};  // work of one byte, bit·ns/s

// √x in Q16 of a Q16 number from 0 to 1, by Newton's rule on integers.
std::int64_t sqrt_q16(std::int64_t x) {
  const auto target = static_cast<std::uint64_t>(x) << 16;
  std::uint64_t root = std::uint64_t{1} << 17;
  for (int i = 0; i < 40; ++i) root = (root + target / std::max<std::uint64_t>(root, 1)) / 2;
  return static_cast<std::int64_t>(root);
}

}  // namespace

Server::Server(CapacityConfig config, std::vector<OutageSpan> stalls, CounterRandom random)
    : config_(std::move(config)), stalls_(std::move(stalls)), random_(random) {
  using Kind = CapacityConfig::Kind;
  DC_CHECK(config_.kind == Kind::steps || config_.kind == Kind::opportunities ||
           config_.rate.bps() > 0);
  DC_CHECK(config_.kind != Kind::steps || !config_.steps.empty());
  DC_CHECK(config_.kind != Kind::opportunities || !config_.opportunities_ms.empty());
  plain_ = config_.kind == Kind::constant && stalls_.empty();
}

Server::Service Server::serve(std::int64_t arrived_ns, std::int64_t bytes) {
  if (config_.kind == CapacityConfig::Kind::opportunities)
    return serve_by_opportunity(arrived_ns, bytes);
  if (free(arrived_ns)) {
    free_ns_ = arrived_ns;
    rest_ = 0;
  }
  return plain_ ? serve_constant(free_ns_, bytes * kBitNs)
                : serve_varying(free_ns_, bytes * kBitNs);
}

Server::Service Server::serve_constant(std::int64_t from_ns, std::int64_t work) {
  const std::int64_t bps = config_.rate.bps();
  const std::int64_t begins = from_ns + (rest_ > 0 ? 1 : 0);
  work += rest_;
  free_ns_ = from_ns + work / bps;
  rest_ = work % bps;
  return {begins, free_ns_ + (2 * rest_ >= bps ? 1 : 0)};
}

Server::Service Server::serve_varying(std::int64_t from_ns, std::int64_t work) {
  std::int64_t at = from_ns;
  std::optional<std::int64_t> begins;
  work += rest_;  // of the rate at from_ns
  while (true) {
    const Segment segment = unstalled_segment_at(at);
    if (segment.bps > 0) {
      if (!begins) begins = at + (at == from_ns && rest_ > 0 ? 1 : 0);
      const std::int64_t needs = work / segment.bps;
      if (needs < segment.until_ns - at) {
        free_ns_ = at + needs;
        rest_ = work % segment.bps;
        return {*begins, free_ns_ + (2 * rest_ >= segment.bps ? 1 : 0)};
      }
      work -= segment.bps * (segment.until_ns - at);
    }
    DC_CHECK(segment.until_ns != kNever);  // the reader refuses a line that ends dead
    at = segment.until_ns;
  }
}

void Server::restart(std::int64_t at_ns) {
  free_ns_ = at_ns;
  rest_ = 0;
  opportunity_left_ = 0;
}

Server::Segment Server::unstalled_segment_at(std::int64_t ns) {
  Segment segment = segment_at(ns);
  if (const OutageSpan* stall = span_from(stalls_, ns)) {
    if (stall->from_ns <= ns) return {0, stall->to_ns};
    segment.until_ns = std::min(segment.until_ns, stall->from_ns);
  }
  return segment;
}

Server::Segment Server::segment_at(std::int64_t ns) {
  switch (config_.kind) {
    case CapacityConfig::Kind::wandering: {
      const std::int64_t step = config_.step.count();
      const std::int64_t index = ns / step;
      return {wandering_bps(static_cast<std::size_t>(index)), (index + 1) * step};
    }
    case CapacityConfig::Kind::steps: {
      const std::int64_t period = config_.period ? config_.period->count() : kNever;
      const std::int64_t base = config_.period ? ns / period * period : 0;
      const auto next =
          std::upper_bound(config_.steps.begin(), config_.steps.end(), ns - base,
                           [](std::int64_t t, const RateStep& s) { return t < s.at.count(); });
      DC_CHECK(next != config_.steps.begin());  // the first step stands at 0
      const std::int64_t until = next != config_.steps.end() ? base + next->at.count()
                                 : config_.period            ? base + period
                                                             : kNever;
      return {std::prev(next)->rate.bps(), until};
    }
    case CapacityConfig::Kind::constant:
    case CapacityConfig::Kind::opportunities: break;
  }
  return {config_.rate.bps(), kNever};
}

std::int64_t Server::wandering_bps(std::size_t step) {
  while (wandered_.size() <= step) {
    const std::int64_t sigma = config_.sigma_q16;
    const std::int64_t rho = config_.rho_q16;
    const std::int64_t innovation =
        wandered_.empty() ? sigma : sigma * sqrt_q16(65'536 - (rho * rho >> 16)) >> 16;
    wander_q16_ = (rho * wander_q16_ >> 16) + (innovation * normal_q16(random_) >> 16);
    const std::uint64_t factor = exp_q16(wander_q16_ - (sigma * sigma >> 17));
    const std::int64_t mean = config_.rate.bps();
    const auto f = static_cast<std::int64_t>(std::min<std::uint64_t>(factor, 1ULL << 24));
    wandered_.push_back(
        std::max<std::int64_t>(1'000, (mean >> 16) * f + ((mean & 0xFFFF) * f >> 16)));
  }
  return wandered_[step];
}

Bitrate Server::rate_at(std::int64_t ns) {
  if (config_.kind == CapacityConfig::Kind::opportunities) {
    // The mean of the whole file: what a buffer in ms is sized by.
    const std::int64_t ms = std::max<std::int64_t>(config_.opportunities_ms.back(), 1);
    const auto count = static_cast<std::int64_t>(config_.opportunities_ms.size());
    return Bitrate::bps(count * kOpportunityBytes * 8 * 1000 / ms);
  }
  return Bitrate::bps(segment_at(ns).bps);
}

std::int64_t Server::bits_between(std::int64_t from_ns, std::int64_t to_ns) {
  if (config_.kind == CapacityConfig::Kind::opportunities) {
    const std::int64_t bps = rate_at(from_ns).bps();
    return bps / 1'000 * ((to_ns - from_ns) / 1'000'000);
  }
  std::int64_t bits = 0;
  for (std::int64_t at = from_ns; at < to_ns;) {
    const Segment segment = unstalled_segment_at(at);
    const std::int64_t until = std::min(segment.until_ns, to_ns);
    // In µs: 100 Gbit/s over a day stays inside 64 bits.
    bits += segment.bps / 1'000 * ((until - at) / 1'000) / 1'000;
    at = until;
  }
  return bits;
}

// A packet that came at t takes opportunities after t, starts in what is left of the one in use and
// leaves with the one that carries its last byte. What nobody takes is gone.
Server::Service Server::serve_by_opportunity(std::int64_t arrived_ns, std::int64_t bytes) {
  if (opportunity_ns_ <= arrived_ns || opportunity_left_ == 0)
    DC_CHECK(next_opportunity(std::max(arrived_ns, opportunity_ns_ - 1)));
  const std::int64_t begins = opportunity_ns_;
  while (bytes > opportunity_left_) {
    bytes -= opportunity_left_;
    opportunity_left_ = 0;
    DC_CHECK(next_opportunity(opportunity_ns_ - 1));
  }
  opportunity_left_ -= bytes;
  free_ns_ = opportunity_ns_;
  rest_ = 0;
  return {begins, opportunity_ns_};
}

// The first opportunity after `after_ns` that was not used yet and in which the line is not
// stalled.
bool Server::next_opportunity(std::int64_t after_ns) {
  const auto& times = config_.opportunities_ms;
  const std::int64_t round_ns = std::max<std::int64_t>(times.back(), 1) * 1'000'000;
  while (true) {
    if (opportunity_index_ == times.size()) {
      opportunity_index_ = 0;
      ++opportunity_round_;
    }
    if (opportunity_index_ == 0 && opportunity_round_ < after_ns / round_ns)
      opportunity_round_ = after_ns / round_ns;
    const std::int64_t at =
        opportunity_round_ * round_ns + std::int64_t{times[opportunity_index_++]} * 1'000'000;
    if (at <= after_ns) continue;
    const OutageSpan* stall = span_from(stalls_, at);
    if (stall && stall->from_ns <= at) continue;
    opportunity_ns_ = at;
    opportunity_left_ = kOpportunityBytes;
    return true;
  }
}

}  // namespace diemcau::sim
