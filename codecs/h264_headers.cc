#include "codecs/h264_headers.h"

namespace diemcau::codecs {
namespace {

// Bits of a NAL unit, emulation prevention bytes left out (§7.3.1). A read past the end fails and
// stays failed.
class BitReader {
 public:
  explicit BitReader(ByteSpan nal) : bytes_(nal) {}
  bool ok() const { return ok_; }

  std::uint32_t bits(std::uint32_t n) {
    std::uint32_t value = 0;
    while (n-- > 0) value = value << 1 | bit();
    return value;
  }
  bool flag() { return bit() != 0; }
  // ue(v), §9.1.
  std::uint32_t ue() {
    std::uint32_t zeros = 0;
    while (ok_ && bit() == 0) {
      if (++zeros > 31) ok_ = false;
    }
    if (!ok_) return 0;
    return (1U << zeros) - 1 + bits(zeros);
  }
  // se(v), §9.1.1.
  std::int32_t se() {
    const std::uint32_t k = ue();
    const auto half = static_cast<std::int32_t>(k / 2);
    return k % 2 != 0 ? half + 1 : -half;
  }

 private:
  std::uint32_t bit() {
    if (left_ == 0 && !next_byte()) return 0;
    --left_;
    return (current_ >> left_) & 1U;
  }
  bool next_byte() {
    if (zeros_ >= 2 && at_ < bytes_.size() && bytes_[at_] == 3) {
      ++at_;
      zeros_ = 0;
    }
    if (at_ >= bytes_.size()) {
      ok_ = false;
      return false;
    }
    current_ = bytes_[at_++];
    zeros_ = current_ == 0 ? zeros_ + 1 : 0;
    left_ = 8;
    return true;
  }

  ByteSpan bytes_;
  std::size_t at_ = 0;
  std::uint32_t zeros_ = 0;
  std::uint32_t left_ = 0;
  std::uint32_t current_ = 0;
  bool ok_ = true;
};

constexpr std::uint32_t kHigh = 100;
constexpr std::uint32_t kMain = 77;
constexpr std::uint32_t kBaseline = 66;

}  // namespace

std::optional<SequenceHeader> parse_sequence(ByteSpan nal) {
  BitReader in(nal);
  in.bits(8);
  const std::uint32_t profile = in.bits(8);
  in.bits(16);                            // constraints, level
  if (in.ue() != 0) return std::nullopt;  // one SPS, id 0
  if (profile == kHigh) {
    const bool plain = in.ue() == 1 && in.ue() == 0 && in.ue() == 0;  // 4:2:0, 8 bits
    const bool lossless = in.flag();
    const bool matrices = in.flag();
    if (!plain || lossless || matrices) return std::nullopt;
  } else if (profile != kMain && profile != kBaseline) {
    return std::nullopt;
  }
  SequenceHeader s;
  s.frame_number_bits = in.ue() + 4;
  const std::uint32_t order_type = in.ue();
  if (order_type == 0) {
    s.order_count_bits = in.ue() + 4;
  } else if (order_type != 2) {
    return std::nullopt;
  }
  s.references = in.ue();
  in.flag();  // gaps in frame numbers
  const std::uint32_t columns = in.ue() + 1;
  const std::uint32_t rows = in.ue() + 1;
  const bool frames_only = in.flag();
  const bool sane = s.frame_number_bits <= 16 && s.order_count_bits <= 16 &&
                    s.references <= kMaxActive && columns <= 4096 && rows <= 4096;
  if (!in.ok() || !frames_only || !sane) return std::nullopt;
  s.width = static_cast<int>(columns * 16);
  s.height = static_cast<int>(rows * 16);
  return s;
}

std::optional<PictureHeader> parse_picture(ByteSpan nal) {
  BitReader in(nal);
  in.bits(8);
  if (in.ue() != 0 || in.ue() != 0) return std::nullopt;  // one PPS, of the one SPS
  PictureHeader p;
  in.flag();  // CABAC
  p.order_count_of_bottom = in.flag();
  if (in.ue() != 0) return std::nullopt;  // slice groups
  p.default_active = in.ue() + 1;
  in.ue();     // active in list 1
  in.bits(3);  // weighted prediction
  in.se();     // initial QP
  in.se();     // initial QS
  in.se();     // chroma QP offset
  in.bits(2);  // deblocking control, constrained intra prediction
  p.redundant_count = in.flag();
  if (!in.ok() || p.default_active > kMaxActive) return std::nullopt;
  return p;
}

std::optional<SliceHeader> parse_slice(ByteSpan nal, const SequenceHeader& sequence,
                                       const PictureHeader& picture) {
  BitReader in(nal);
  SliceHeader s;
  s.idr = (in.bits(8) & 0x1FU) == 5;
  s.first_macroblock = in.ue();
  const std::uint32_t type = in.ue() % 5;
  s.intra = type == 2;
  if (type != 0 && type != 2) return std::nullopt;  // only P and I
  if (in.ue() != 0) return std::nullopt;
  s.frame_number = in.bits(sequence.frame_number_bits);
  if (s.idr) in.ue();
  if (sequence.order_count_bits > 0) {
    in.bits(sequence.order_count_bits);
    if (picture.order_count_of_bottom) in.se();
  }
  if (picture.redundant_count && in.ue() != 0) return std::nullopt;
  if (s.intra) return in.ok() ? std::optional(s) : std::nullopt;
  s.active = in.flag() ? in.ue() + 1 : picture.default_active;
  if (s.active > kMaxActive) return std::nullopt;
  if (in.flag()) {
    for (std::uint32_t op = in.ue(); op != 3; op = in.ue()) {
      if (!in.ok() || op > 1 || s.step_count == kMaxActive) return std::nullopt;
      const auto distance = static_cast<std::int32_t>(in.ue() & 0xFFFFU) + 1;
      s.steps[s.step_count++] = op == 0 ? -distance : distance;
    }
  }
  return in.ok() ? std::optional(s) : std::nullopt;
}

}  // namespace diemcau::codecs
