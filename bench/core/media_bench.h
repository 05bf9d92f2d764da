// Frames and packets for the benches of the media path: a hi layer at 1.5 Mbit/s is 6,250 bytes a
// frame.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/base/rng.h"
#include "core/send/packetizer.h"
#include "core/send/stream_sender.h"

namespace diemcau::bench {

struct HiFrame {
  std::vector<std::vector<std::uint8_t>> nals;
  std::vector<std::uint32_t> sizes;
  std::vector<ByteSpan> spans;
  HiFrame() {
    for (int i = 0; i < 6; ++i) {  // slices of at most 1,100 bytes
      auto& nal = nals.emplace_back(1'042);
      for (std::size_t k = 0; k < nal.size(); ++k) nal[k] = static_cast<std::uint8_t>(k * 7);
      nal[0] = 0x41;
    }
    for (const auto& nal : nals) {
      sizes.push_back(static_cast<std::uint32_t>(nal.size()));
      spans.emplace_back(nal);
    }
  }
};

inline send::VideoFrameInfo hi_frame(std::uint32_t number) {
  send::VideoFrameInfo info;
  info.frame_number = number;
  info.key = number == 0;
  info.newest_needed = info.oldest_needed = number == 0 ? 0 : number - 1;
  info.captured_at = Timestamp{} + number * Duration{33'333'333};
  return info;
}

}  // namespace diemcau::bench
