// What a packet costs in parsing and writing, next to a microsecond for sealing it.
#include <benchmark/benchmark.h>
#include <array>
#include <cstdint>
#include <vector>

#include "core/wire/ccfb.h"
#include "core/wire/control.h"
#include "core/wire/h264.h"
#include "core/wire/rtcp.h"
#include "core/wire/rtp.h"
#include "core/wire/stun.h"

namespace {

using namespace diemcau;
using namespace diemcau::wire;

constexpr std::size_t kDatagram = 1200;

RtpExtensions video_extensions() {
  RtpExtensions e;
  e.absolute_capture = AbsoluteCapture{NtpTime::from_raw(0xE8D4'A510'1234'5678)};
  FrameDescriptor d;
  d.layer = Layer::hi;
  d.frame_number = 1000;
  d.newest_needed_diff = d.oldest_needed_diff = 1;
  e.frame_descriptor = d;
  return e;
}

void parse_rtp_packet(benchmark::State& state) {
  std::vector<std::uint8_t> packet(kDatagram);
  ByteWriter out(packet);
  write_rtp_header(out, {kVideoPayloadType, false, SeqNo{7}, 90'000, Ssrc{1}}, video_extensions());
  for (auto _ : state) {
    auto parsed = parse_rtp(packet);
    benchmark::DoNotOptimize(parsed);
  }
}
BENCHMARK(parse_rtp_packet);

void write_rtp(benchmark::State& state) {
  std::array<std::uint8_t, kMaxRtpHeaderBytes> buffer{};
  const RtpExtensions extensions = video_extensions();
  std::uint16_t seq = 0;
  for (auto _ : state) {
    ByteWriter out(buffer);
    write_rtp_header(out, {kVideoPayloadType, false, SeqNo{seq++}, 90'000, Ssrc{1}}, extensions);
    benchmark::DoNotOptimize(buffer);
  }
}
BENCHMARK(write_rtp);

// A report every 50 ms over one peer's hi, lo and sound: `packets` of them in three streams.
struct Report {
  std::vector<CcfbPacket> packets;
  std::vector<CcfbStream> streams;
  explicit Report(std::size_t per_stream) : packets(per_stream, {true, 0, 20}) {
    for (std::uint32_t s = 0; s < 3; ++s) streams.push_back({Ssrc{s}, SeqNo{65'530}, packets});
  }
};

void build_ccfb(benchmark::State& state) {
  const Report report(static_cast<std::size_t>(state.range(0)));
  std::vector<std::uint8_t> buffer(kDatagram);
  for (auto _ : state) {
    ByteWriter out(buffer);
    write_ccfb(out, Ssrc{9}, report.streams, 0x1234'5678);
    benchmark::DoNotOptimize(buffer.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * 3);
}
BENCHMARK(build_ccfb)->Arg(3)->Arg(30);

void parse_ccfb(benchmark::State& state) {
  const Report report(static_cast<std::size_t>(state.range(0)));
  std::vector<std::uint8_t> buffer(kDatagram);
  ByteWriter out(buffer);
  write_ccfb(out, Ssrc{9}, report.streams, 0x1234'5678);
  for (auto _ : state) {
    RtcpReader reader(out.written());
    const auto packet = reader.next();
    std::uint32_t sum = 0;
    std::get<Ccfb>(*packet).for_each_stream([&sum](const CcfbStreamView& v) {
      for (std::size_t i = 0; i < v.size(); ++i) sum += v[i].arrival_offset;
    });
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * 3);
}
BENCHMARK(parse_ccfb)->Arg(3)->Arg(30);

// A check without its HMAC, which belongs to the driver.
void parse_stun_check(benchmark::State& state) {
  std::vector<std::uint8_t> buffer(kMaxStunBytes);
  ByteWriter out(buffer);
  StunMessage m;
  m.username = "tinh:xa-an-binh";
  m.session_id = 1;
  write_stun(out, m, [](ByteSpan) { return StunMac{}; });
  for (auto _ : state) {
    auto parsed = parse_stun(out.written());
    benchmark::DoNotOptimize(parsed);
  }
}
BENCHMARK(parse_stun_check);

// One 6.2 kB frame of hi: six slices of about 1,040 bytes.
void join_h264_frame(benchmark::State& state) {
  const std::vector<std::uint8_t> slice(1040, 0x41);
  H264Depacketiser joiner;
  std::vector<std::uint8_t> frame;
  for (auto _ : state) {
    frame.clear();
    for (int i = 0; i < 6; ++i) benchmark::DoNotOptimize(joiner.append(slice, frame).has_value());
  }
  state.SetBytesProcessed(state.iterations() * 6 * 1040);
}
BENCHMARK(join_h264_frame);

void parse_control(benchmark::State& state) {
  std::vector<std::uint8_t> buffer(kMaxControlDatagram);
  const std::vector<std::uint8_t> bytes(kFragmentBytes, 1);
  ByteWriter out(buffer);
  write_control_header(out);
  write(out, ControlAck{ControlPriority::floor, 1, 1});
  write(out, ControlFragment{ControlPriority::documents, 1, 0, 2, bytes});
  for (auto _ : state) {
    ControlReader reader(out.written());
    std::size_t chunks = 0;
    while (reader.next()) ++chunks;
    benchmark::DoNotOptimize(chunks);
  }
}
BENCHMARK(parse_control);

}  // namespace
