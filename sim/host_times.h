// Times in ns at the cuts of kHostParts (sim/host_model.h) and what encoders give of the rate that
// they are asked for, in thousandths: `diemcau-bench host --seconds 30`.
#pragma once

#include <cstdint>

#include "sim/host_model.h"

namespace diemcau::sim {

// CPU times of x264 superfast, libavcodec and libopus on one of two cores that compilers
// shared: two to three times those of the free machine, which is what an office PC takes.
constexpr HostTimes kEncodeHi{{5662840, 8027121, 8569660, 9094577, 9521880, 10011717, 11610183,
                               16898051, 32404291, 49100762}};
constexpr HostTimes kEncodeMid{
    {2172756, 2273967, 2404736, 2564308, 2686311, 2836105, 4042797, 9561032, 19721872, 22742497}};
constexpr HostTimes kEncodeLo{
    {602604, 648081, 686222, 756326, 799930, 900430, 1225727, 3536263, 4751482, 12222356}};
constexpr HostTimes kDecodeHi{
    {1068588, 2118181, 2293152, 2482273, 2654770, 2867094, 3480016, 7677939, 15450856, 29782373}};
constexpr HostTimes kDecodeMid{
    {530999, 561687, 582425, 637871, 681494, 741938, 977036, 2920044, 4441552, 10825172}};
constexpr HostTimes kDecodeLo{
    {204368, 208966, 219737, 239545, 272717, 323985, 499989, 1035176, 2157426, 8056627}};
constexpr HostTimes kEncodeSound{
    {144154, 149965, 160995, 174241, 181204, 215419, 291543, 397755, 479662, 1346496}};
constexpr HostTimes kDecodeSound{
    {33363, 35418, 37101, 39756, 42070, 45596, 95902, 115279, 190923, 204468}};

// From one thread to another through its eventfd. Above 95 % the compilers would be measured; there
// a thread that wakes is as late as one whose timer fires.
constexpr HostTimes kHandOver{
    {5750, 9487, 12284, 16812, 19607, 23194, 58360, 76000, 2000000, 5000000}};
// Not measured but laid down: 30 us in the middle, 76 us at 99 %, 2 ms at 99.9 %, as on a machine
// that has nothing else to do; the other cuts are filled in between.
constexpr HostTimes kTimer{
    {2000, 5000, 10000, 20000, 30000, 40000, 55000, 76000, 2000000, 5000000}};

constexpr std::int64_t kYieldHi = 956;
constexpr std::int64_t kYieldMid = 986;
constexpr std::int64_t kYieldLo = 960;
constexpr std::int64_t kYieldSound = 972;

}  // namespace diemcau::sim
