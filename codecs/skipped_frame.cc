#include "codecs/skipped_frame.h"

#include <initializer_list>

#include "codecs/bit_writer.h"
#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

constexpr std::uint32_t kPictureSet = 1;

// §7.3.2.2. CAVLC, so that skipping is one number whatever the stream itself uses.
std::vector<std::uint8_t> picture_parameter_set() {
  BitWriter out;
  out.bits(0x68, 8);
  out.ue(kPictureSet);
  out.ue(0);       // SPS
  out.bits(0, 2);  // CAVLC, no order count of bottom
  out.ue(0);       // one slice group
  out.ue(0);       // one reference
  out.ue(0);
  out.bits(0, 3);  // no weighted prediction
  out.ue(0);       // QP 26
  out.ue(0);
  out.ue(0);
  out.bits(0, 3);  // no deblocking control, no constrained intra prediction, no redundant pictures
  return out.nal();
}

// §7.3.3 and §7.3.4.
std::vector<std::uint8_t> skipped_slice(const SequenceHeader& sequence,
                                        std::uint32_t frame_number) {
  const auto macroblocks = static_cast<std::uint32_t>(sequence.width / 16 * (sequence.height / 16));
  BitWriter out;
  out.bits(0x61, 8);  // a reference, like every frame of ours
  out.ue(0);          // first macroblock
  out.ue(5);          // P, all slices
  out.ue(kPictureSet);
  out.bits(frame_number, sequence.frame_number_bits);
  out.bits(0, 1);  // references as in the parameter set
  out.bits(0, 1);  // list as it is
  out.bits(0, 1);  // sliding window
  out.ue(0);       // QP
  out.ue(macroblocks);
  return out.nal();
}

}  // namespace

std::vector<std::uint8_t> skipped_frame(const SequenceHeader& sequence,
                                        std::uint32_t frame_number) {
  DC_CHECK(sequence.order_count_bits == 0);
  std::vector<std::uint8_t> bytes;
  for (const auto& nal : {picture_parameter_set(), skipped_slice(sequence, frame_number)}) {
    bytes.insert(bytes.end(), {0, 0, 0, 1});
    bytes.insert(bytes.end(), nal.begin(), nal.end());
  }
  return bytes;
}

}  // namespace diemcau::codecs
