// Two whole bridges in a meeting on a line, for fuzz targets that play one of them or its devices.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/mesh/bridge.h"
#include "core/units/seq_no.h"
#include "tests/support/test_ports.h"

namespace diemcau::fuzz {

constexpr Duration kLineDelay = 2ms;
// Play-out, record and pacer of one peer and four streams hold a few hundred packets each at most.
constexpr std::size_t kMostPackets = 8'192;
// By Layer: the defaults of mesh::BridgeConfig, of a camera and of a document.
struct LayerLimits {
  std::array<std::int64_t, 4> least_kbps, most_kbps;
};
constexpr LayerLimits kCamera = {{0, 50, 150, 300}, {0, 150, 500, 1'500}},
                      kDocument = {{0, 0, 60, 250}, {0, 0, 250, 1'000}};
constexpr Bitrate kUplink = Bitrate::kbps(20'000);

// b0 is central and records, b1 is a member. What every output promises is checked here.
class TwoBridges {
 public:
  TwoBridges() { begin(); }
  virtual ~TwoBridges() = default;
  void finish() {
    run_for(3s);
    check_memory_and_rates();
  }

 protected:
  // What of b0's (0) or b1's (1) datagrams the line takes.
  virtual bool crosses(std::size_t /*from*/, const mesh::SendPacket& /*send*/) const {
    return true;
  }
  struct End {
    std::unique_ptr<test::KeyedMac> mac;
    test::FourFlightsFactory handshakes;
    std::unique_ptr<mesh::Bridge> bridge;
    std::optional<PathId> path;
    bool up = false;
    std::vector<std::uint32_t> sent_ssrcs;  // that it has sent with
    std::map<std::uint32_t, SeqNo> newest_seq;
    std::array<mesh::SetEncoder, 4> encoders;  // the camera's, by Layer
  };
  struct Crossing {
    std::size_t to = 0;
    mesh::PacketKind kind{};
    PacketRef packet;
  };

  static Endpoint address(std::uint16_t i) { return Endpoint::v4(0x0A00'0000U + i, 5000); }

  void begin();

  PacketRef packet_of(ByteSpan bytes) {
    PacketRef packet = packets_.take();
    std::copy(bytes.begin(), bytes.end(), packet->data());
    packet->set_size(bytes.size());
    return packet;
  }
  void arrive(mesh::PacketKind kind, ByteSpan bytes) {
    if (ends_[0].path) {
      input(0, mesh::PacketArrived{*ends_[0].path, kind, now_, packet_of(bytes)});
    }
  }

  void sound(std::size_t i, std::uint16_t length) {
    static constexpr std::array<std::uint8_t, 2'048> kBytes{};
    mesh::AudioEncoded frame;
    frame.captured_at = now_ - 20ms;
    frame.length = length % kBytes.size();
    frame.bytes = ByteSpan(kBytes).first(frame.length);
    input(i, frame);
  }
  void picture(std::size_t i, Layer layer, std::uint32_t number, std::uint32_t needed,
               std::uint16_t size);

  void input(std::size_t i, mesh::Input in) {
    ends_[i].bridge->handle(now_, std::move(in));
    drain(i);
    DC_CHECK(ends_[i].bridge->next_deadline().has_value());
  }
  void drain(std::size_t i);
  void encoder_set(std::size_t i, const mesh::SetEncoder& set) {
    const auto at = static_cast<std::size_t>(set.layer);
    const LayerLimits& limits = set.source == Source::document ? kDocument : kCamera;
    DC_CHECK(!set.active ||
             (set.rate.kbps() >= limits.least_kbps[at] && set.rate.kbps() <= limits.most_kbps[at]));
    if (set.source == Source::camera) ends_[i].encoders[at] = set;
  }
  void cross(std::size_t from, mesh::SendPacket& send);
  void run_for(Duration d);

  void check_memory_and_rates();

  PacketPool packets_;
  FramePool frames_;
  Timestamp now_ = timestamp_from_ns(1'000'000'000);
  std::multimap<Timestamp, Crossing> line_;
  std::vector<Crossing> crossed_;
  std::array<std::array<std::uint32_t, 4>, 2> newest_{};
  std::array<End, 2> ends_;
};

}  // namespace diemcau::fuzz
