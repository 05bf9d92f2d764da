// RIFF WAVE as Microsoft and IBM defined it in 1991; saturating addition as in any mixing desk.
#include "node/mix.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>

#include "node/catalogue.h"
#include "node/part_file.h"

namespace diemcau::node {

static_assert(std::endian::native == std::endian::little, "samples go to the file as they are");

namespace {
constexpr std::uint32_t kHeaderBytes = 44;
constexpr std::uint32_t kRate = 48'000;
constexpr std::uint32_t kSampleBytes = 2;

void put_u32(std::uint8_t* at, std::uint32_t v) { std::memcpy(at, &v, 4); }
void put_u16(std::uint8_t* at, std::uint16_t v) { std::memcpy(at, &v, 2); }
}  // namespace

void MixTick::add(std::span<const std::int16_t> samples) {
  const std::size_t n = std::min(samples.size(), sum_.size());
  for (std::size_t i = 0; i < n; ++i) {
    const int sum = int{sum_[i]} + samples[i];
    sum_[i] = static_cast<std::int16_t>(std::clamp<int>(
        sum, std::numeric_limits<std::int16_t>::min(), std::numeric_limits<std::int16_t>::max()));
  }
}

WavFile::WavFile(const std::filesystem::path& path) : fd_(make_whole_file(path)) {
  if (write_header()) return;
  const int why = errno;
  ::close(fd_);
  fail<Text::file_unwritable>(path.string(), std::strerror(why));
}

WavFile::~WavFile() {
  write_header();
  ::close(fd_);
}

bool WavFile::write(std::span<const std::int16_t> samples) {
  const std::size_t bytes = samples.size_bytes();
  const auto at = static_cast<off_t>(kHeaderBytes + data_bytes_);
  const ssize_t done = ::pwrite(fd_, samples.data(), bytes, at);
  if (done != static_cast<ssize_t>(bytes)) return false;  // a torn tail is written over next time
  data_bytes_ += bytes;
  if (data_bytes_ - header_says_ >= kRate * kSampleBytes) return write_header();
  return true;
}

bool WavFile::write_header() {
  // A file of more than 4 GB (12 h) cannot be said in a RIFF header; readers then go to its end.
  const auto data = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(data_bytes_, std::numeric_limits<std::uint32_t>::max() - 64));
  std::array<std::uint8_t, kHeaderBytes> h{};
  std::memcpy(h.data(), "RIFF", 4);
  put_u32(&h[4], data + kHeaderBytes - 8);
  std::memcpy(&h[8], "WAVEfmt ", 8);
  put_u32(&h[16], 16);
  put_u16(&h[20], 1);  // PCM
  put_u16(&h[22], 1);  // mono
  put_u32(&h[24], kRate);
  put_u32(&h[28], kRate * kSampleBytes);
  put_u16(&h[32], kSampleBytes);
  put_u16(&h[34], 16);
  std::memcpy(&h[36], "data", 4);
  put_u32(&h[40], data);
  if (::pwrite(fd_, h.data(), h.size(), 0) != static_cast<ssize_t>(h.size())) return false;
  header_says_ = data_bytes_;
  return true;
}

}  // namespace diemcau::node
