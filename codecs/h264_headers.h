// The few syntax elements of H.264 (ITU-T H.264 §7.3) that tell how large a picture is and which
// earlier frames it is made from. Only what our encoder writes: frames, no long-term references.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/base/byte_reader.h"

namespace diemcau::codecs {

struct SequenceHeader {
  int width = 0;  // coded, in whole macroblocks
  int height = 0;
  std::uint32_t references = 0;  // max_num_ref_frames
  std::uint32_t frame_number_bits = 0;
  std::uint32_t order_count_bits = 0;  // 0: pic_order_cnt_type 2
};

struct PictureHeader {
  bool order_count_of_bottom = false;  // bottom_field_pic_order_in_frame_present_flag
  bool redundant_count = false;
  std::uint32_t default_active = 1;
};

constexpr std::size_t kMaxActive = 16;

struct SliceHeader {
  bool idr = false;
  bool intra = false;
  std::uint32_t first_macroblock = 0;
  std::uint32_t frame_number = 0;
  std::uint32_t active = 0;  // references in use
  // Reordering of the list (§8.2.4.3): wrapped distance from the prediction, as picture number
  // steps.
  std::array<std::int32_t, kMaxActive> steps{};
  std::uint32_t step_count = 0;
};

// All take a NAL unit without start code and give nothing for what is malformed or not ours.
std::optional<SequenceHeader> parse_sequence(ByteSpan nal);
std::optional<PictureHeader> parse_picture(ByteSpan nal);
std::optional<SliceHeader> parse_slice(ByteSpan nal, const SequenceHeader& sequence,
                                       const PictureHeader& picture);

// Calls visit(nal) for every NAL unit of an Annex B byte stream (§B.1.1), without start code and
// trailing zeros.
template <typename Visit>
void for_each_nal(ByteSpan bytes, Visit&& visit) {
  const auto code_at = [&](std::size_t i) {
    return i + 3 <= bytes.size() && bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1;
  };
  std::size_t i = 0;
  while (i < bytes.size() && !code_at(i)) ++i;
  while (i < bytes.size()) {
    const std::size_t begin = i + 3;
    i = begin;
    while (i < bytes.size() && !code_at(i)) ++i;
    std::size_t end = i;
    while (end > begin && bytes[end - 1] == 0) --end;
    if (end > begin) visit(bytes.subspan(begin, end - begin));
  }
}

}  // namespace diemcau::codecs
