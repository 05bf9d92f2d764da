// What repair costs a node: its kernel against bare ISA-L in the same run, a repair packet made,
// and one that brings a packet back.
#include <benchmark/benchmark.h>
#include <isa-l/erasure_code.h>

#include <vector>

#include "core/base/byte_writer.h"
#include "core/repair/decoder.h"
#include "core/repair/sent_symbols.h"
#include "core/wire/rtp.h"
#include "node/isal_kernel.h"

namespace {

using namespace diemcau;
using namespace diemcau::repair;

constexpr std::size_t kPacketBytes = 1'100;
constexpr std::size_t kWindow = 24;

void multiply_add_isal(benchmark::State& state) {
  std::vector<std::uint8_t> table(32), source(kPacketBytes, 0x5A), target(kPacketBytes);
  gf_vect_mul_init(0xA7, table.data());
  for (auto _ : state) {
    gf_vect_mad(static_cast<int>(kPacketBytes), 1, 0, table.data(), source.data(), target.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kPacketBytes));
}
BENCHMARK(multiply_add_isal);

void multiply_add(benchmark::State& state, const Kernel& kernel) {
  std::vector<std::uint8_t> source(kPacketBytes, 0x5A), target(kPacketBytes);
  for (auto _ : state) {
    kernel.multiply_add(0xA7, source.data(), target.data(), kPacketBytes);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kPacketBytes));
}
const node::IsalKernel kIsal;
BENCHMARK_CAPTURE(multiply_add, node, kIsal);
BENCHMARK_CAPTURE(multiply_add, plain, plain_kernel());

// A link with media of kPacketBytes, as hi has it.
struct Link {
  PacketPool packets;
  SentSymbols sent{{packets, kIsal}};

  PacketRef send() {
    PacketRef p = packets.take();
    ByteWriter out(p->buffer());
    wire::RtpExtensions extensions;
    extensions.symbol_id = static_cast<std::uint16_t>(sent.next());
    wire::write_rtp_header(out, wire::RtpHeader{wire::kVideoPayloadType, false, {}, 0, {}},
                           extensions);
    while (out.size() < kPacketBytes) out.u8(static_cast<std::uint8_t>(out.size() * 31));
    p->set_size(out.size());
    sent.add(Timestamp{}, *p);
    return p;
  }
};

void code_window_of_24(benchmark::State& state) {
  Link link;
  for (std::size_t i = 0; i < kWindow; ++i) link.send();
  std::uint16_t key = 0;
  for (auto _ : state) {
    key = static_cast<std::uint16_t>(key % 0xFFFF + 1);
    auto coded = link.sent.code(0, kWindow, key);
    benchmark::DoNotOptimize(coded);
  }
  state.counters["packet_us"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * 1e-6,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(code_window_of_24);

// The last equation of a window of 64 of which as many are lost as the argument says: elimination,
// and the packets that it gives.
void solve_window_of_64(benchmark::State& state) {
  const auto lost = static_cast<std::size_t>(state.range(0));
  Link link;
  std::vector<PacketRef> media;
  for (std::size_t i = 0; i < kMostSymbols; ++i) media.push_back(link.send());
  std::uint16_t key = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Decoder decoder{link.packets, kIsal};
    for (std::size_t i = lost; i < media.size(); ++i) {
      decoder.known(static_cast<PacketId>(i), media[i]);
    }
    std::vector<PacketRef> coded;
    for (std::size_t i = 0; i < lost; ++i) {
      key = static_cast<std::uint16_t>(key % 0xFFFF + 1);
      coded.push_back(link.sent.code(0, kMostSymbols, key));
    }
    const auto add = [&](const PacketRef& payload) {
      const auto header = wire::parse_repair_header(payload->bytes());
      benchmark::DoNotOptimize(decoder.repair(0, *header, *payload, wire::kRepairHeaderBytes));
    };
    for (std::size_t i = 0; i + 1 < lost; ++i) add(coded[i]);
    state.ResumeTiming();
    add(coded.back());
    state.PauseTiming();
    while (decoder.poll()) {
    }
    state.ResumeTiming();
  }
}
BENCHMARK(solve_window_of_64)->Arg(1)->Arg(4)->Arg(8);

}  // namespace
