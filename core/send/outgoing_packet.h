// One payload on its way to one peer: everything but the sequence number, which it gets when it
// leaves.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/packet_pool.h"
#include "core/units/ids.h"
#include "core/units/ntp_time.h"
#include "core/wire/repair.h"
#include "core/wire/rtp.h"

namespace diemcau::send {

// The payload is shared by all peers that get it, but for repair: that is one link's own.
struct OutgoingPacket {
  PacketRef payload;
  Source source = Source::microphone;
  wire::FrameDescriptor descriptor;  // video
  wire::AudioLevel level;            // audio
  std::uint32_t rtp_timestamp = 0;   // before the stream's random offset
  NtpTime captured;
  std::optional<std::uint16_t> symbol_id;  // media on a link that repairs
};

// What a datagram of ours may be: 1,280 (IPv6 minimum MTU) − 40 − 8 bytes of headers.
constexpr std::size_t kMaxDatagram = 1'232;
constexpr std::size_t kRelayHeaderBytes = 4;  // ChannelData, RFC 8656 §12.4
// What a repair packet has in front of the whole packet that it may stand for.
constexpr std::size_t kRepairOverheadBytes =
    wire::kRtpFixedHeaderBytes + wire::kRepairHeaderBytes + wire::kSymbolLengthBytes;
constexpr std::size_t kMaxPayload = kMaxDatagram - wire::kMaxRtpHeaderBytes - wire::kSrtpTagBytes -
                                    kRepairOverheadBytes - kRelayHeaderBytes;

}  // namespace diemcau::send
