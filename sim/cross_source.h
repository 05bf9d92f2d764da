// Cross traffic that hears nothing back: packets at constant or Poisson times, and when people
// fetch files of which size (RFC 8867 §5.7; Crovella and Bestavros 1997 for the web's Pareto
// sizes).
#pragma once

#include <cstdint>

#include "core/units/bitrate.h"
#include "core/units/byte_count.h"
#include "core/units/time.h"
#include "sim/counter_random.h"

namespace diemcau::sim {

struct CrossPacket {
  Timestamp at;
  ByteCount size;  // IP header included, the line's overhead not
};

// One packet every size / rate, exact over any time: remainders are carried.
class CbrSource {
 public:
  CbrSource(Bitrate rate, ByteCount packet, Timestamp first);
  CrossPacket next();

 private:
  std::int64_t rate_bps_;
  ByteCount packet_;
  std::int64_t at_ns_;
  std::int64_t rest_ = 0;  // in 1 / rate ns
};

// Independent exponential gaps; `mean` is the rate in the long run.
class PoissonSource {
 public:
  PoissonSource(Bitrate mean, ByteCount packet, Timestamp start, CounterRandom random);
  CrossPacket next();

 private:
  Duration mean_gap_;
  ByteCount packet_;
  Timestamp at_;
  CounterRandom random_;
};

// An exponential time, of at most 22 means (the smallest of 2^32 draws).
constexpr Duration exponential(Duration mean, std::uint32_t draw) {
  return Duration{mean.count() * exponential_q16(draw) >> 16};
}

struct ParetoSizes {
  ByteCount smallest = ByteCount::bytes(30'000);
  ByteCount largest = ByteCount::bytes(5'000'000);  // larger draws become this one
  std::int64_t alpha_tenths = 12;  // Crovella and Bestavros 1997: 1.06 by size, 1.21 by duration
};
// smallest × (1 / U)^(1 / α); integers only.
ByteCount pareto(const ParetoSizes& sizes, std::uint32_t draw);

// A file that somebody fetches; a TCP flow of its own.
struct FileTransfer {
  Timestamp start;
  ByteCount size;
};

// The web visits of an office: off for an exponential time, then on for one file of Pareto size.
class PulsedOffice {
 public:
  struct Config {
    Duration mean_off = 5s;
    ParetoSizes sizes;
  };
  PulsedOffice(const Config& config, CounterRandom random) : config_(config), random_(random) {}
  // `off_since`: when the last transfer was done, so that a slow line is asked for less; or when it
  // began, and visits are a Poisson process. Draws do not depend on it.
  FileTransfer next(Timestamp off_since);

 private:
  Config config_;
  CounterRandom random_;
};

// One of the short TCP flows of RFC 8867 §5.7: files of uniform size, exponential idle times.
class OnOffFlows {
 public:
  struct Config {
    ByteCount smallest = ByteCount::bytes(30'000);
    ByteCount largest = ByteCount::bytes(50'000);
    Duration mean_idle = 10s;
    bool starts_on = false;  // the first file comes without an idle time
  };
  OnOffFlows(const Config& config, CounterRandom random);
  // `idle_since`: when the last file was done.
  FileTransfer next(Timestamp idle_since);

 private:
  Config config_;
  CounterRandom random_;
  bool first_ = true;
};

}  // namespace diemcau::sim
