// Departure times and file sizes from counter-based draws, in integers; RFC 8867 §5.7.
#include "sim/cross_source.h"

#include <algorithm>
#include <array>

#include "core/base/check.h"

namespace diemcau::sim {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// 22.2 × 2^16 means fit into 63 bits of nanoseconds as long as the mean does not exceed this.
constexpr Duration kLongestMean = 1h;

constexpr std::uint64_t square_root(std::uint64_t x) {
  std::uint64_t root = 0;
  for (int bit = 31; bit >= 0; --bit) {
    const std::uint64_t next = root | std::uint64_t{1} << bit;
    if (next * next <= x) root = next;
  }
  return root;
}

// 2^(1/2), 2^(1/4), … 2^(1/65536), × 2^30.
constexpr auto kRoots = [] {
  std::array<std::uint64_t, 16> roots{};
  std::uint64_t root = std::uint64_t{2} << 30;
  for (auto& r : roots) r = root = square_root(root << 30);
  return roots;
}();

// 2^(x / 65536) × 2^30 for x below 65,536: the product of the roots that x's bits name.
constexpr std::uint64_t exp2_q30(std::uint64_t x) {
  std::uint64_t product = std::uint64_t{1} << 30;
  for (std::size_t i = 0; i < kRoots.size(); ++i) {
    if ((x >> (15 - i) & 1) != 0) product = product * kRoots[i] >> 30;
  }
  return product;
}

}  // namespace

CbrSource::CbrSource(Bitrate rate, ByteCount packet, Timestamp first)
    : rate_bps_(rate.bps()), packet_(packet), at_ns_(to_ns(first)) {
  DC_CHECK(rate_bps_ > 0 && packet.count() > 0 && packet.count() <= 65'535);
}

CrossPacket CbrSource::next() {
  const CrossPacket packet{timestamp_from_ns(at_ns_), packet_};
  const std::int64_t work = packet_.bits() * kSecond + rest_;
  at_ns_ += work / rate_bps_;
  rest_ = work % rate_bps_;
  return packet;
}

PoissonSource::PoissonSource(Bitrate mean, ByteCount packet, Timestamp start, CounterRandom random)
    : packet_(packet), at_(start), random_(random) {
  DC_CHECK(mean.bps() > 0 && packet.count() > 0 && packet.count() <= 65'535);
  mean_gap_ = Duration{(packet.bits() * kSecond + mean.bps() / 2) / mean.bps()};
  DC_CHECK(mean_gap_ <= kLongestMean);
}

CrossPacket PoissonSource::next() {
  at_ += exponential(mean_gap_, random_.next_u32());
  return {at_, packet_};
}

ByteCount pareto(const ParetoSizes& sizes, std::uint32_t draw) {
  DC_CHECK(sizes.alpha_tenths > 0 && sizes.smallest.count() > 0);
  DC_CHECK(sizes.smallest <= sizes.largest && sizes.largest.count() < std::int64_t{1} << 31);
  // (1 / U)^(1 / α) = 2^(E / (α ln 2)), E exponential.
  constexpr std::uint64_t kPerLn2Q16 = 94'548;  // 65,536 / ln 2
  const std::uint64_t log2_q16 =
      exponential_q16(draw) * kPerLn2Q16 * 10 / static_cast<std::uint64_t>(sizes.alpha_tenths) >>
      16;
  const std::uint64_t whole = log2_q16 >> 16;
  if (whole > 30) return sizes.largest;
  const auto smallest = static_cast<std::uint64_t>(sizes.smallest.count());
  const std::uint64_t bytes = smallest * exp2_q30(log2_q16 & 0xFFFF) >> (30 - whole);
  return std::min(ByteCount::bytes(static_cast<std::int64_t>(bytes)), sizes.largest);
}

FileTransfer PulsedOffice::next(Timestamp off_since) {
  DC_CHECK(config_.mean_off <= kLongestMean);
  const Duration off = exponential(config_.mean_off, random_.next_u32());
  return {off_since + off, pareto(config_.sizes, random_.next_u32())};
}

OnOffFlows::OnOffFlows(const Config& config, CounterRandom random)
    : config_(config), random_(random) {
  DC_CHECK(config.mean_idle <= kLongestMean);
  DC_CHECK(config.smallest.count() > 0 && config.smallest <= config.largest);
  DC_CHECK(config.largest.count() < std::int64_t{1} << 31);
}

FileTransfer OnOffFlows::next(Timestamp idle_since) {
  // Drawn in any case, so that a flow that starts on meets the same files as one that does not.
  const Duration idle = exponential(config_.mean_idle, random_.next_u32());
  const auto choices = static_cast<std::uint64_t>((config_.largest - config_.smallest).count()) + 1;
  const std::uint64_t above = random_.next_u32() * choices >> 32;
  const bool at_once = first_ && config_.starts_on;
  first_ = false;
  return {at_once ? idle_since : idle_since + idle,
          config_.smallest + ByteCount::bytes(static_cast<std::int64_t>(above))};
}

}  // namespace diemcau::sim
