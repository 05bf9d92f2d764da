// Encoded frames cut into RTP packets by the sending side, for the receiving side's tests.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/frame_pool.h"
#include "core/base/packet_pool.h"
#include "core/base/secret_rng.h"
#include "core/receive/assembly.h"
#include "core/send/packetizer.h"
#include "core/send/stream_sender.h"
#include "core/wire/rtp.h"

namespace diemcau::receive_test {

using namespace diemcau;

struct EncodedFrame {
  std::uint32_t number = 0;
  bool key = false;
  std::uint32_t needs = 0;
  std::uint8_t temporal_id = 0;
};

class VideoSource {
 public:
  explicit VideoSource(PacketPool& pool, std::uint64_t seed = 1)
      : pool_(pool), packetizer_(pool), rng_(seed), sender_(Ssrc{7}, rng_) {}

  // The packets of one frame of `bytes` random bytes in two NAL units, in sending order; its Annex
  // B form is kept for comparison.
  std::vector<PacketRef> encode(const EncodedFrame& frame, std::uint32_t bytes) {
    std::vector<std::vector<std::uint8_t>> nals(2);
    nals[0].resize(20 + bytes / 3);
    nals[1].resize(20 + bytes - bytes / 3);
    std::vector<std::uint32_t> sizes;
    std::vector<ByteSpan> spans;
    std::vector<std::uint8_t> annex_b;
    for (auto& nal : nals) {
      for (auto& b : nal) b = static_cast<std::uint8_t>(rng_.next());
      nal[0] = frame.key ? 0x65 : 0x41;
      sizes.push_back(static_cast<std::uint32_t>(nal.size()));
      spans.emplace_back(nal);
      annex_b.insert(annex_b.end(), {0, 0, 0, 1});
      annex_b.insert(annex_b.end(), nal.begin(), nal.end());
    }
    if (sent_.size() <= frame.number) sent_.resize(frame.number + 1);
    sent_[frame.number] = std::move(annex_b);
    send::VideoFrameInfo info;
    info.frame_number = frame.number;
    info.key = frame.key;
    info.newest_needed = info.oldest_needed = frame.needs;
    info.temporal_id = frame.temporal_id;
    info.captured_at = Timestamp{} + frame.number * Duration{33ms};
    info.captured = NtpTime::from_ns(4'000'000'000'000'000'000U + frame.number * 33'000'000ULL);
    std::vector<PacketRef> packets;
    for (const auto& outgoing :
         packetizer_.video(info, sizes, elide ? std::span<const ByteSpan>{} : spans)) {
      packets.push_back(pool_.take());
      sender_.write(outgoing, *packets.back());
    }
    return packets;
  }
  std::vector<PacketRef> key(std::uint32_t number, std::uint32_t bytes = 5'000) {
    return encode({number, true, 0, 0}, bytes);
  }
  std::vector<PacketRef> delta(std::uint32_t number, std::uint32_t bytes = 3'000) {
    return encode({number, false, number - 1, 0}, bytes);
  }
  std::vector<PacketRef> delta_on(std::uint32_t number, std::uint32_t needs) {
    return encode({number, false, needs, 0}, 3'000);
  }
  const std::vector<std::uint8_t>& sent(std::int64_t number) const {
    return sent_[static_cast<std::size_t>(number)];
  }
  bool elide = false;

 private:
  PacketPool& pool_;
  send::Packetizer packetizer_;
  SecretRng rng_;
  send::StreamSender sender_;
  std::vector<std::vector<std::uint8_t>> sent_;
};

// One stream's way into its Assembly, as the bridge does it.
struct VideoSink {
  explicit VideoSink(FramePool& frames) : assembly(frames) {}
  receive::Assembly::Insert put(Timestamp now, const PacketRef& packet) {
    const auto rtp = wire::parse_rtp(packet->bytes());
    const PacketId id = unwrapper.unwrap(rtp->header.seq);
    // As if its stream were the only one of the link.
    return assembly.insert(now, id, *rtp, packet, repaired ? std::optional(id) : std::nullopt);
  }
  bool repaired = false;
  PacketId id_of(const PacketRef& packet) {
    return unwrapper.peek(wire::parse_rtp(packet->bytes())->header.seq);
  }
  void put_all(Timestamp now, const std::vector<PacketRef>& packets) {
    for (const PacketRef& p : packets) put(now, p);
  }
  std::vector<receive::AssembledFrame> take() {
    std::vector<receive::AssembledFrame> frames;
    while (auto f = assembly.poll()) frames.push_back(std::move(*f));
    return frames;
  }
  std::vector<std::int64_t> take_numbers() {
    std::vector<std::int64_t> numbers;
    for (const auto& f : take()) numbers.push_back(f.frame_number);
    return numbers;
  }
  SeqUnwrapper unwrapper;
  receive::Assembly assembly;
};

}  // namespace diemcau::receive_test
