// Counts what the whole path of a packet asks of the heap: two bridges in a meeting, from encoded
// frame to play-out, decode and record.
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "core/base/ring_queue.h"
#include "core/mesh/bridge.h"
#include "tests/support/test_ports.h"

namespace {
std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  // aligned_alloc wants a multiple of the alignment.
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* p = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
}  // namespace

// Every form of new that is used ends in one of these; all memory is the C library's.
// Inlined, GCC 12 sees free() of what new gave and warns of a mismatch that is none.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return counted(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}

namespace diemcau::test {
namespace {

constexpr Duration kTick = 500us;
constexpr Duration kLineDelay = 5ms;
constexpr Duration kDecodeTime = 2ms;
constexpr std::size_t kNals = 5;

// A driver that asks for no memory itself once its rings are as long as they get: one pool for
// both ends, so that a datagram is handed over and not copied.
class TightPair {
 public:
  TightPair() {
    for (std::size_t i = 0; i < 2; ++i) {
      mesh::BridgeConfig config;
      for (std::size_t k = 0; k < 2; ++k) {
        config.roster.push_back({"b" + std::to_string(k),
                                 k == 0 ? mesh::Role::central : mesh::Role::member,
                                 {address(k)}});
      }
      config.self = PeerId{static_cast<std::uint16_t>(i)};
      config.records = i == 0;
      config.seed = 7 + i;
      ends_[i].bridge = std::make_unique<mesh::Bridge>(
          config, mesh::Bridge::Ports{packets_, frames_, ends_[i].mac, ends_[i].handshakes});
      input(i, mesh::WallClock{NtpTime::from_ns(3'976'214'400'000'000'000U), 1ms});
      input(i, mesh::LocalStatus{true, true, false});
    }
  }

  // Every n-th RTP packet is lost; 0: none.
  std::uint64_t lose_every = 0;
  std::uint64_t rtp_packets = 0, lost = 0, pictures_recorded = 0, sounds_played = 0;

  void run_for(Duration d) {
    for (const Timestamp end = now_ + d; now_ < end; now_ += kTick) tick();
  }
  quality::BridgeReport report(std::size_t i) { return ends_[i].bridge->report(now_); }

 private:
  struct Crossing {
    Timestamp due;
    std::size_t to = 0;
    mesh::PacketKind kind{};
    PacketRef packet;
  };
  struct Later {
    Timestamp due;
    mesh::Input input;
  };
  struct End {
    explicit End(std::uint16_t index) : mac(PeerId{index}, 42) {}
    KeyedMac mac;
    FourFlightsFactory handshakes;
    std::unique_ptr<mesh::Bridge> bridge;
    std::optional<PathId> path;
    std::array<mesh::SetEncoder, 4> encoders{};
    std::array<std::uint32_t, 4> next_frame{};
    std::array<std::uint32_t, 4> newest_valid{};
    std::array<bool, 4> key_due{};
    std::uint32_t queued = 0;
    RingQueue<Later> decoding, showing, playing;
  };

  static Endpoint address(std::size_t i) {
    return Endpoint::v4(0x0A00'0000U + static_cast<std::uint32_t>(i), 5000);
  }

  void tick() {
    while (!line_.empty() && line_.front().due <= now_) {
      Crossing c = line_.pop();
      End& to = ends_[c.to];
      if (to.path) {
        input(c.to, mesh::PacketArrived{*to.path, c.kind, now_, std::move(c.packet)});
      } else if (c.kind == mesh::PacketKind::stun) {
        input(c.to, mesh::StrangerArrived{0, address(1 - c.to), now_, std::move(c.packet)});
      }
    }
    const std::int64_t n = (now_ - Timestamp{}) / kTick;
    for (std::size_t i = 0; i < 2; ++i) {
      End& end = ends_[i];
      for (RingQueue<Later>* queue : {&end.decoding, &end.showing, &end.playing}) {
        while (!queue->empty() && queue->front().due <= now_) input(i, queue->pop().input);
      }
      if (n % 40 == 0) speak(i);
      if (n % 66 == 0) film(i);
      if (n % 20 == 0) listen(i);
      const auto due = end.bridge->next_deadline();
      if (due && *due <= now_) input(i, mesh::TimePassed{});
    }
  }

  void input(std::size_t i, mesh::Input in) {
    ends_[i].bridge->handle(now_, std::move(in));
    while (auto out = ends_[i].bridge->poll()) std::visit([&](auto& o) { carry(i, o); }, *out);
  }
  void speak(std::size_t i) {
    static constexpr std::array<std::uint8_t, 80> kSound{};
    mesh::AudioEncoded frame;
    frame.captured_at = now_ - 20ms;
    frame.bytes = kSound;
    frame.length = kSound.size();
    input(i, frame);
  }
  void film(std::size_t i) {
    for (std::size_t layer = 1; layer < 4; ++layer) {
      if (ends_[i].encoders[layer].active) picture(i, layer);
    }
  }
  void picture(std::size_t i, std::size_t layer) {
    End& end = ends_[i];
    // NAL units of single packets and of several: STAP-A, single NAL unit and FU-A.
    static const std::array<std::uint8_t, 3'000> kKey = [] {
      std::array<std::uint8_t, 3'000> bytes{};
      bytes[0] = 0x65;
      return bytes;
    }();
    static const std::array<std::uint8_t, 3'000> kOther = [] {
      std::array<std::uint8_t, 3'000> bytes{};
      bytes[0] = 0x41;
      return bytes;
    }();
    mesh::VideoEncoded frame;
    frame.layer = static_cast<Layer>(layer);
    frame.captured_at = now_ - 5ms;
    frame.frame_number = end.next_frame[layer]++;
    frame.key = std::exchange(end.key_due[layer], false) || frame.frame_number == 0;
    frame.newest_needed = frame.oldest_needed = end.newest_valid[layer];
    end.newest_valid[layer] = frame.frame_number;
    const std::uint8_t* bytes = frame.key ? kKey.data() : kOther.data();
    const std::array<mesh::NalUnit, kNals> nals = {
        {{bytes, 20}, {bytes, 30}, {bytes, 1'000}, {bytes, 3'000}, {bytes, 900}}};
    frame.nals = nals;
    input(i, frame);
  }
  void listen(std::size_t i) {
    std::uint32_t& queued = ends_[i].queued;
    if (queued < 480)
      input(i, mesh::AudioWanted{PeerId{static_cast<std::uint16_t>(1 - i)}, queued});
    queued -= std::min<std::uint32_t>(queued, 480);
  }

  void carry(std::size_t i, mesh::SendPacket& out) {
    if (out.kind == mesh::PacketKind::rtp) {
      ++rtp_packets;
      if (lose_every > 0 && rtp_packets % lose_every == 0) {
        ++lost;
        return;
      }
    }
    line_.push(Crossing{now_ + kLineDelay, 1 - i, out.kind, std::move(out.packet)});
  }
  void carry(std::size_t i, mesh::PathOpened& out) { ends_[i].path = out.path; }
  void carry(std::size_t i, mesh::PathClosed&) { ends_[i].path.reset(); }
  void carry(std::size_t i, mesh::SetEncoder& set) {
    End& end = ends_[i];
    const auto layer = static_cast<std::size_t>(set.layer);
    end.key_due[layer] = end.key_due[layer] || set.idr;
    auto& newest = end.newest_valid[layer];
    if (set.invalidate_from && *set.invalidate_from <= newest) newest = *set.invalidate_from - 1;
    end.encoders[layer] = set;
  }
  void carry(std::size_t i, mesh::PlayAudio& play) {
    mesh::AudioPlayed report;
    report.origin = play.origin;
    report.action = play.action;
    report.samples = play.action == mesh::AudioAction::accelerate   ? 720
                     : play.action == mesh::AudioAction::decelerate ? 1200
                     : play.action == mesh::AudioAction::stretch    ? 1536
                                                                    : 960;
    report.captured_at = play.captured_at;
    End& end = ends_[i];
    report.plays_at = now_ + Duration{std::int64_t{end.queued} * 1'000'000 / 48};
    end.queued += report.samples;
    sounds_played += play.captured_at ? 1U : 0U;
    end.playing.push(Later{now_, report});
  }
  void carry(std::size_t i, mesh::DecodeFrame& out) {
    ends_[i].decoding.push(Later{
        now_ + kDecodeTime, mesh::FrameDecoded{out.stream, out.frame_number, true, kDecodeTime}});
  }
  void carry(std::size_t i, mesh::ShowFrame& out) {
    const Timestamp at = std::max(out.at, now_);
    ends_[i].showing.push(Later{at, mesh::FrameShown{out.stream, out.frame_number, at}});
  }
  void carry(std::size_t, mesh::RecordBytes& out) {
    pictures_recorded += out.stream.source == Source::camera ? 1U : 0U;
  }
  void carry(std::size_t, mesh::Event&) {}

  PacketPool packets_;
  FramePool frames_;
  Timestamp now_ = timestamp_from_ns(1'000'000'000);
  RingQueue<Crossing> line_;
  std::array<End, 2> ends_{End(0), End(1)};
};

}  // namespace

TEST_CASE("after warm-up no packet, frame, check or report asks for memory", "[mesh]") {
  TightPair pair;
  pair.run_for(20s);
  REQUIRE(pair.pictures_recorded > 100);
  const std::uint64_t packets = pair.rtp_packets;
  const std::uint64_t pictures = pair.pictures_recorded;
  const std::uint64_t before = allocations.load();
  REQUIRE(before > 0);  // the counter counts
  pair.run_for(60s);
  CHECK(allocations.load() - before == 0);
  // Both directions at 50 sounds and 30 pictures of five packets; checks, reports and feedback come
  // on top.
  CHECK(pair.rtp_packets - packets > 60 * 2 * (50 + 30 * 5) * 9 / 10);
  CHECK(pair.pictures_recorded - pictures > 60 * 30 * 9 / 10);
}

TEST_CASE("losses, their reports and the refreshes they cause ask for no memory either", "[mesh]") {
  TightPair pair;
  pair.lose_every = 101;
  pair.run_for(60s);
  const std::uint64_t lost = pair.lost;
  const std::uint64_t before = allocations.load();
  pair.run_for(60s);
  CHECK(allocations.load() - before == 0);
  CHECK(pair.lost - lost > 200);
}

}  // namespace diemcau::test
