// A camera and a microphone that do not exist, made so that an independent program can measure
// delay, synchrony and order in whatever is recorded of them.
//
// Time. Whole seconds are those of the capture clock (CLOCK_MONOTONIC). Picture k of a second is
// captured at second + k / fps.
//
// Picture. The geometry is in fractions of the picture, as a grid of 16 columns and 9 rows (squares
// at 16:9).
//  * Frame number: rows 0 and 1, columns 1 … 14, that is 28 squares, row by row from left to right,
//    white (luma 235) for 1 and black (16) for 0. The first 24 are the number, most significant bit
//    first; the last 4 are 15 - (sum of its six 4-bit digits) mod 16. Columns 0 and 15 of these
//    rows are black. Read the mean luma of the middle half of a square against 126. The number is
//    picture count since second 0 of the clock, modulo 2^24, so it grows by 1 per picture.
//  * Flash: rows 2 … 8 are white (luma ≥ 228) in picture 0 of every second, for that one picture.
//    At any other time less than a quarter of that area is brighter than 180.
//  * Otherwise rows 2 … 8 show a head before a moving gradient with sensor noise.
//
// Sound, sum of
//  * a beep: 1,000 Hz, amplitude 9,000, from every whole second for 80 ms, fades of 1 ms inside;
//  * a tone of the bridge: amplitude 1,000, always, 300 + 50·i Hz where i is the bridge's index,
//    raised by 3 from 13 on: 950, 1,000 and 1,050 Hz are left free, so i = 13 is 1,100 Hz;
//  * Vietnamese speech from espeak-ng, compressed, peak at most 6,000, for 4 of every 12 s: it
//  begins at seconds
//    that are 4·i modulo 12, and is silent while the beep sounds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "codecs/media_source.h"

namespace diemcau::codecs {

constexpr int kCodeColumns = 14;
constexpr int kCodeRows = 2;
constexpr int kGridColumns = 16;
constexpr int kGridRows = 9;
constexpr std::uint32_t kCodeNumbers = 1U << 24;
constexpr int kBeepHz = 1000;
constexpr Duration kBeepLength = 80ms;
constexpr int generated_tone_hz(unsigned index) {
  return 300 + 50 * static_cast<int>(index < 13 ? index : index + 3);
}

struct GeneratedSettings {
  unsigned index = 0;  // of the bridge in its roster; below 400
  int width = 1280;    // even, 160 … 1920
  int height = 720;    // even, 90 … 1088
  int fps = 30;        // 1 … 60
  // Spoken in turn; empty: a sentence of a reception, with the index in it.
  std::string text;
  Pacing pacing = Pacing::real_time;
  Timestamp start{};  // first capture is at the next 20 ms from here when pacing is none
};

// Runs espeak-ng once. Throws when it is not installed.
std::unique_ptr<MediaSource> make_generated_source(const GeneratedSettings& settings);

}  // namespace diemcau::codecs
