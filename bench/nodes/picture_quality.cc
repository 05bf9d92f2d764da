// How much of the source a received picture still shows: PSNR of its luma against the generated
// source's picture of the same number, painted again.
// Usage: picture-quality INDEX NEAR_S [720p I420 pictures on standard input]
// INDEX: of the sender in its roster; NEAR_S: a second of CLOCK_MONOTONIC near to the meeting, as
// numbers begin anew after 155 hours. Prints a line per picture: number, dB; -1 where no number can
// be read.
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>

#include "codecs/generated_picture.h"
#include "codecs/generated_source.h"

namespace {

using namespace diemcau;
using namespace diemcau::codecs;

constexpr int kWidth = 1280, kHeight = 720, kFps = 30;
constexpr int kWhiteAbove = 126;
constexpr double kIdenticalDb = 100;  // where the error is 0

// Mean luma of the middle half of a square against a threshold, as generated_source.h says.
bool square_is_white(const Picture& picture, int row, int column) {
  const int high = kHeight / kGridRows, wide = kWidth / kGridColumns;
  std::int64_t sum = 0;
  for (int y = row * high + high / 4; y < row * high + 3 * high / 4; ++y) {
    for (int x = (column + 1) * wide + wide / 4; x < (column + 1) * wide + 3 * wide / 4; ++x)
      sum += picture.y()[y * kWidth + x];
  }
  return sum > std::int64_t{kWhiteAbove} * (high / 2) * (wide / 2);
}

std::optional<std::uint32_t> number_in(const Picture& picture) {
  std::uint32_t word = 0;
  for (int row = 0; row < kCodeRows; ++row) {
    for (int column = 0; column < kCodeColumns; ++column)
      word = word << 1U | (square_is_white(picture, row, column) ? 1U : 0U);
  }
  const std::uint32_t number = word >> 4U;
  return code_word(number) == word ? std::optional{number} : std::nullopt;
}

Timestamp captured_at(std::int64_t count) {
  return timestamp_from_ns(count / kFps * 1'000'000'000 + count % kFps * 1'000'000'000 / kFps);
}

double psnr_db(const Picture& a, const Picture& b) {
  std::int64_t error = 0;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    const int d = a.y()[i] - b.y()[i];
    error += d * d;
  }
  if (error == 0) return kIdenticalDb;
  return 10 * std::log10(255.0 * 255.0 * kWidth * kHeight / static_cast<double>(error));
}

void measure(unsigned index, double near_s) {
  Picture received(kWidth, kHeight), source(kWidth, kHeight);
  PicturePainter painter(index + 1);
  while (std::fread(received.bytes.data(), 1, received.bytes.size(), stdin) ==
         received.bytes.size()) {
    const auto number = number_in(received);
    if (!number) {
      std::puts("-1\t0");
      continue;
    }
    const auto turn =
        static_cast<std::int64_t>(std::llround((near_s * kFps - *number) / kCodeNumbers));
    const std::int64_t count = *number + turn * kCodeNumbers;
    painter.paint(source, *number, count % kFps == 0, captured_at(count));
    std::printf("%u\t%.3f\n", *number, psnr_db(received, source));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: picture-quality INDEX NEAR_S < pictures.i420\n";
    return 2;
  }
  try {
    measure(static_cast<unsigned>(std::stoul(argv[1])), std::stod(argv[2]));
  } catch (const std::exception& problem) {
    std::cerr << "picture-quality: " << problem.what() << '\n';
    return 2;
  }
}
