// One encoded audio frame as it arrived: still in its packet, with what the header said about it.
#pragma once

#include <cstdint>

#include "core/base/packet_pool.h"
#include "core/units/ntp_time.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"

namespace diemcau::receive {

// Lies in `packet` from payload_offset on. When it is elided, payload_size is 0 and elided_size is
// its length.
struct AudioFrame {
  PacketId id = 0;
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t samples = 960;  // at 48 kHz
  NtpTime captured;             // on the origin's wall clock
  Timestamp captured_at;        // on our clock
  std::uint16_t payload_offset = 0;
  std::uint16_t payload_size = 0;
  std::uint16_t elided_size = 0;
  PacketRef packet;

  ByteSpan bytes() const {
    return packet ? packet->bytes().subspan(payload_offset, payload_size) : ByteSpan{};
  }
  std::uint32_t length() const { return std::uint32_t{payload_size} + elided_size; }
};

}  // namespace diemcau::receive
