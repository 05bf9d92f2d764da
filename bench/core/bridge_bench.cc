// Two bridges in virtual time, one films and speaks, the other sees and hears: what core costs for
// a packet that leaves and arrives, pacing and reports included, and for a packet that a report
// tells of.
#include "core/mesh/bridge.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "core/base/ring_queue.h"
#include "core/wire/rtcp.h"
#include "tests/support/test_ports.h"

namespace {
std::uint64_t allocations = 0;
}
// Out of line, or GCC sees malloc and free where it expects new and delete.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace diemcau;
using Wall = std::chrono::steady_clock;

constexpr Duration kLineDelay = 10ms;
constexpr std::uint32_t kNalBytes = 1'042;

class Meeting {
 public:
  Meeting() {
    for (std::uint16_t i = 0; i < 2; ++i) {
      mesh::BridgeConfig config;
      config.roster = {{"b0", mesh::Role::member, {address(0)}},
                       {"b1", mesh::Role::member, {address(1)}}};
      config.self = PeerId{i};
      config.tiles.small = Layer::hi;
      config.seed = i;
      ends_[i].mac = std::make_unique<test::KeyedMac>(PeerId{i}, 42);
      ends_[i].bridge = std::make_unique<mesh::Bridge>(
          config, mesh::Bridge::Ports{packets_, frames_, *ends_[i].mac, ends_[i].handshakes});
    }
    for (std::size_t i = 0; i < 2; ++i) {
      input(i, mesh::WallClock{NtpTime::from_ns(3'976'214'400'000'000'000U), 1ms});
      input(i, mesh::LocalStatus{i == 0, i == 0, false});
    }
    run_for(10s);  // until hi goes at its full rate and every pool has what it needs
  }

  void run_for(Duration time) {
    for (const Timestamp end = now_ + time; now_ < end;) {
      Timestamp next = std::min({end, next_picture_, next_sound_, next_listen_});
      for (End& e : ends_) {
        if (!e.line.empty()) next = std::min(next, e.line.front().at);
        if (const auto due = e.bridge->next_deadline()) next = std::min(next, *due);
      }
      now_ = std::max(now_, next);
      for (std::size_t i = 0; i < 2; ++i) {
        while (!ends_[i].line.empty() && ends_[i].line.front().at <= now_) arrive(i);
        const auto due = ends_[i].bridge->next_deadline();
        if (due && *due <= now_) input(i, mesh::TimePassed{});
      }
      if (next_picture_ <= now_) film();
      if (next_sound_ <= now_) speak();
      if (next_listen_ <= now_) listen();
    }
  }

  std::uint64_t rtp_packets = 0;       // that arrived
  std::uint64_t reported_packets = 0;  // that reports told the sender of
  std::uint64_t pictures_shown = 0;
  Wall::duration in_reports{};  // two readings of the clock a report included

 private:
  struct Crossing {
    Timestamp at;
    mesh::PacketKind kind{};
    PacketRef packet;
  };
  struct End {
    std::unique_ptr<test::KeyedMac> mac;
    test::FourFlightsFactory handshakes;
    std::unique_ptr<mesh::Bridge> bridge;
    std::optional<PathId> path;
    RingQueue<Crossing> line;  // towards this end
  };
  static Endpoint address(std::uint16_t i) { return Endpoint::v4(0x0A00'0000U + i, 5000); }

  void input(std::size_t i, mesh::Input in) {
    ends_[i].bridge->handle(now_, std::move(in));
    drain(i);
  }
  void drain(std::size_t i) {
    while (auto out = ends_[i].bridge->poll()) {
      if (auto* send = std::get_if<mesh::SendPacket>(&*out)) {
        ends_[1 - i].line.push({now_ + kLineDelay, send->kind, std::move(send->packet)});
      } else if (const auto* opened = std::get_if<mesh::PathOpened>(&*out)) {
        ends_[i].path = opened->path;
      } else if (const auto* set = std::get_if<mesh::SetEncoder>(&*out)) {
        encoders_[static_cast<std::size_t>(set->layer)] = *set;
      } else if (const auto* decode = std::get_if<mesh::DecodeFrame>(&*out)) {
        decoded_.push({decode->stream, decode->frame_number, true, 2ms});
      } else if (const auto* show = std::get_if<mesh::ShowFrame>(&*out)) {
        shown_.push({show->stream, show->frame_number, std::max(show->at, now_)});
      } else if (const auto* play = std::get_if<mesh::PlayAudio>(&*out)) {
        queued_samples_ += 960;
        played_.push({play->origin, play->action, 960, now_ + 20ms, play->captured_at});
      }
    }
    // The devices answer at once: their time is not core's.
    if (!decoded_.empty()) return input(i, decoded_.pop());
    if (!shown_.empty()) {
      ++pictures_shown;
      return input(i, shown_.pop());
    }
    if (!played_.empty()) return input(i, played_.pop());
  }
  void arrive(std::size_t i) {
    Crossing c = ends_[i].line.pop();
    if (!ends_[i].path) return;
    if (c.kind == mesh::PacketKind::rtp) ++rtp_packets;
    if (i == 1 || c.kind != mesh::PacketKind::rtcp)
      return input(i, mesh::PacketArrived{*ends_[i].path, c.kind, now_, std::move(c.packet)});
    const std::uint64_t told = packets_told(c.packet->bytes());
    reported_packets += told;
    const auto began = Wall::now();
    ends_[i].bridge->handle(now_,
                            mesh::PacketArrived{*ends_[i].path, c.kind, now_, std::move(c.packet)});
    if (told > 0) in_reports += Wall::now() - began;
    drain(i);
  }
  static std::uint64_t packets_told(ByteSpan bytes) {
    std::uint64_t told = 0;
    wire::RtcpReader reader(bytes);
    while (const auto packet = reader.next()) {
      if (const auto* report = std::get_if<wire::Ccfb>(&*packet))
        report->for_each_stream([&](const wire::CcfbStreamView& view) { told += view.size(); });
    }
    return told;
  }

  void film() {
    next_picture_ += 33'333'333ns;
    for (std::size_t layer = 1; layer < encoders_.size(); ++layer) {
      mesh::SetEncoder& set = encoders_[layer];
      if (!set.active) continue;
      const auto bytes = static_cast<std::uint32_t>(set.rate.bps() / 8 / 30);
      nals_.clear();
      for (std::uint32_t left = bytes; left > 0;) {
        const std::uint32_t size = std::min(left, kNalBytes);
        nals_.push_back({nal_.data(), size});
        left -= size;
      }
      mesh::VideoEncoded frame;
      frame.layer = static_cast<Layer>(layer);
      frame.captured_at = now_ - 7ms;
      frame.key = std::exchange(set.idr, false) || number_[layer] == 0;
      frame.newest_needed = frame.oldest_needed = number_[layer] - 1;
      frame.frame_number = number_[layer]++;
      frame.nals = nals_;
      input(0, frame);
    }
  }
  void speak() {
    next_sound_ += 20ms;
    mesh::AudioEncoded frame;
    frame.captured_at = now_ - 20ms;
    frame.level_dbov = 30;
    frame.voice = true;
    frame.bytes = ByteSpan(nal_).first(80);
    frame.length = 80;
    input(0, frame);
  }
  void listen() {
    next_listen_ += 10ms;
    if (queued_samples_ < 480) input(1, mesh::AudioWanted{PeerId{0}, queued_samples_});
    queued_samples_ -= std::min<std::uint32_t>(queued_samples_, 480);
  }

  PacketPool packets_;
  FramePool frames_;
  Timestamp now_ = timestamp_from_ns(1'000'000'000);
  Timestamp next_picture_ = now_, next_sound_ = now_ + 3ms, next_listen_ = now_ + 5ms;
  std::array<mesh::SetEncoder, 4> encoders_;
  std::array<std::uint32_t, 4> number_{};
  std::uint32_t queued_samples_ = 0;
  const std::vector<std::uint8_t> nal_ = std::vector<std::uint8_t>(kNalBytes, 0x41);
  std::vector<mesh::NalUnit> nals_;
  RingQueue<mesh::FrameDecoded> decoded_;
  RingQueue<mesh::FrameShown> shown_;
  RingQueue<mesh::AudioPlayed> played_;
  std::array<End, 2> ends_;  // the last, because what waits goes back to the pools
};

void one_way(benchmark::State& state) {
  Meeting meeting;
  const std::uint64_t packets_before = meeting.rtp_packets, shown_before = meeting.pictures_shown;
  // Of every second, because the clock that is fine enough for a report goes on while others have
  // the core.
  std::vector<double> reported_us;
  reported_us.reserve(100'000);
  const std::uint64_t allocations_before = allocations;
  for (auto _ : state) {
    const std::uint64_t reported_before = meeting.reported_packets;
    const auto in_reports_before = meeting.in_reports;
    meeting.run_for(1s);
    const std::chrono::duration<double, std::micro> took = meeting.in_reports - in_reports_before;
    if (reported_us.size() < reported_us.capacity())
      reported_us.push_back(took.count() /
                            static_cast<double>(meeting.reported_packets - reported_before));
  }
  const std::uint64_t allocated = allocations - allocations_before;
  const auto packets = static_cast<double>(meeting.rtp_packets - packets_before);
  // 30 pictures of hi and 50 frames of sound a second: less is another meeting than was meant.
  const auto seconds = static_cast<std::uint64_t>(state.iterations());
  if (meeting.pictures_shown - shown_before + 2 < 30 * seconds ||
      packets < 200.0 * static_cast<double>(seconds))
    return state.SkipWithError("the meeting is not at its full rate");
  std::nth_element(reported_us.begin(),
                   reported_us.begin() + static_cast<std::ptrdiff_t>(reported_us.size() / 2),
                   reported_us.end());
  using benchmark::Counter;
  state.counters["packet_us"] = Counter(packets / 1e6, Counter::kIsRate | Counter::kInvert);
  state.counters["reported_packet_us"] = reported_us[reported_us.size() / 2];
  state.counters["allocations_per_packet"] = static_cast<double>(allocated) / packets;
}
BENCHMARK(one_way)->Name("bridge/one_way")->Unit(benchmark::kMicrosecond);

}  // namespace
