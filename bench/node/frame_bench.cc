// One camera picture from the three encoders through two bridges to the decoder, against the same
// work done part by part.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "bench/mesh/loopback_pair.h"
#include "bench/raw/raw_path.h"
#include "bench/raw/thread_cpu.h"
#include "codecs/generated_picture.h"
#include "codecs/h264_decoder.h"
#include "codecs/layered_encoder.h"
#include "core/receive/assembly.h"
#include "core/send/packetizer.h"
#include "core/send/stream_sender.h"
#include "node/clock.h"

namespace diemcau::bench {
namespace {

constexpr int kPictures = 150;  // 5 s
constexpr Duration kPictureTime = 33'333'333ns;

codecs::LayeredEncoder three_layers() {
  codecs::LayeredEncoder encoder;
  const mesh::LayerRates rates;
  for (const auto& [layer, rate] :
       {std::pair{Layer::hi, rates.hi}, std::pair{Layer::mid, rates.mid},
        std::pair{Layer::lo, rates.lo}})
    encoder.set(layer, {true, rate, 30, false, std::nullopt});
  return encoder;
}

// Parts that core is made of, each on its own: what the whole costs when nothing is between them.
class Parts {
 public:
  // An encoded frame of hi becomes RTP packets.
  void packetise(const codecs::EncodedFrame& frame) {
    sizes_.clear();
    for (const ByteSpan nal : frame.nals) sizes_.push_back(static_cast<std::uint32_t>(nal.size()));
    send::VideoFrameInfo info;
    info.captured_at = frame.captured_at;
    info.frame_number = frame.frame_number;
    info.newest_needed = frame.newest_needed;
    info.oldest_needed = frame.oldest_needed;
    info.key = frame.key;
    sent_.clear();
    for (const send::OutgoingPacket& packet : packetizer_.video(info, sizes_, frame.nals)) {
      sent_.push_back(packets_.take());
      sender_.write(packet, *sent_.back());
    }
  }
  std::size_t packets() const { return sent_.size(); }
  void assemble(Timestamp now) {
    for (PacketRef& packet : sent_) {
      const auto rtp = wire::parse_rtp(packet->bytes());
      const PacketId id = sequence_.unwrap(rtp->header.seq);
      static_cast<void>(assembly_.insert(now, id, *rtp, std::move(packet)));
    }
    sent_.clear();
    frame_ = assembly_.poll();
  }
  bool decode() { return frame_ && decoder_.decode(frame_->frame->bytes, Timestamp{}).has_value(); }

 private:
  PacketPool packets_;
  FramePool frames_;
  Rng rng_{1};
  send::Packetizer packetizer_{packets_};
  send::StreamSender sender_{Ssrc{1}, rng_};
  SeqUnwrapper sequence_;
  receive::Assembly assembly_{frames_};
  codecs::H264Decoder decoder_;
  std::vector<std::uint32_t> sizes_;
  std::vector<PacketRef> sent_;
  std::optional<receive::AssembledFrame> frame_;
};

struct Sum {
  Duration whole{}, encode{}, packetise{}, cross{}, assemble{}, decode{};
  Duration parts() const { return encode + packetise + cross + assemble + decode; }
};

// The receiver's side of the whole: decodes at once.
struct Watcher {
  codecs::H264Decoder decoder;
  std::uint64_t decoded = 0;
  void see(const mesh::Output& output, node::CoreLoop& loop) {
    const auto* frame = std::get_if<mesh::DecodeFrame>(&output);
    if (frame == nullptr) return;
    const bool ok = decoder.decode(frame->media.bytes, frame->captured_at).has_value();
    decoded += ok ? 1U : 0U;
    loop.post(mesh::FrameDecoded{frame->stream, frame->frame_number, ok, Duration::zero()});
  }
};

void send_layer(node::CoreLoop& loop, Layer layer, const codecs::EncodedFrame& encoded,
                std::vector<mesh::NalUnit>& nals) {
  nals.clear();
  for (const ByteSpan nal : encoded.nals)
    nals.push_back({nal.data(), static_cast<std::uint32_t>(nal.size())});
  mesh::VideoEncoded frame;
  frame.layer = layer;
  frame.captured_at = encoded.captured_at;
  frame.frame_number = encoded.frame_number;
  frame.newest_needed = encoded.newest_needed;
  frame.oldest_needed = encoded.oldest_needed;
  frame.key = encoded.key;
  frame.nals = nals;
  loop.step(frame);
}

// The same picture part by part; `raw` has packets of the size that hi has on average.
bool part_by_part(const codecs::VideoFrame& picture, codecs::LayeredEncoder& encoder, Parts& parts,
                  RawPath& raw, Sum& sum) {
  Duration packetise{};
  sum.encode += cpu_of([&] {
    encoder.encode(picture, [&](Layer layer, const codecs::EncodedFrame& frame) {
      if (layer == Layer::hi) packetise += cpu_of([&] { parts.packetise(frame); });
    });
  });
  sum.encode -= packetise;
  sum.packetise += packetise;
  const auto packets = static_cast<unsigned>(parts.packets());
  sum.cross += cpu_of([&] {
    raw.send(packets);
    raw.receive(packets);
  });
  sum.assemble += cpu_of([&] { parts.assemble(picture.captured_at); });
  bool ok = false;
  sum.decode += cpu_of([&] { ok = parts.decode(); });
  return ok;
}

void tell(benchmark::State& state, const Sum& sum) {
  const auto each = [](Duration d) { return to_us(d) / kPictures; };
  state.counters["whole_us"] = each(sum.whole);
  state.counters["encode_us"] = each(sum.encode);
  state.counters["packetise_us"] = each(sum.packetise);
  state.counters["seal_cross_open_us"] = each(sum.cross);
  state.counters["assemble_us"] = each(sum.assemble);
  state.counters["decode_us"] = each(sum.decode);
  state.counters["ratio"] = each(sum.whole) / each(sum.parts());
}

void frame(benchmark::State& state) {
  Watcher watcher;
  LoopbackPair pair([&](const mesh::Output& output) { watcher.see(output, pair.receiver.loop()); });
  codecs::LayeredEncoder whole = three_layers(), alone = three_layers();
  codecs::PicturePainter painter(1);
  Parts parts;
  // 1,500 kbit/s at 30 pictures a second are six packets of this size.
  RawPath raw(1040 + 36, true);
  std::vector<mesh::NalUnit> nals;
  Sum sum;
  std::uint64_t index = 0, complete = 0;
  auto next = std::chrono::steady_clock::now();
  for (auto _ : state) {
    const auto canvas = std::make_shared<codecs::Picture>(1280, 720);
    const Timestamp now = node::monotonic_now();
    painter.paint(*canvas, static_cast<std::uint32_t>(index), false, now);
    const codecs::VideoFrame picture{canvas, now, index++};
    // Whoever comes second finds the picture in the cache: they take turns.
    const auto alone_too = [&] {
      complete += part_by_part(picture, alone, parts, raw, sum) ? 1U : 0U;
    };
    if (index % 2 == 0) alone_too();
    const Duration took = cpu_of([&] {
      whole.encode(picture, [&](Layer layer, const codecs::EncodedFrame& encoded) {
        send_layer(pair.sender.loop(), layer, encoded, nals);
      });
      pair.sender_io.poll();
      pair.receiver_io.poll();
    });
    sum.whole += took;
    if (index % 2 != 0) alone_too();
    state.SetIterationTime(to_us(took) / 1e6);
    std::this_thread::sleep_until(next += kPictureTime);
  }
  if (watcher.decoded + 1 < index || complete < index)
    state.SkipWithError("pictures did not come through");
  tell(state, sum);
}
BENCHMARK(frame)
    ->Name("frame/path")
    ->UseManualTime()
    ->Iterations(kPictures)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace diemcau::bench
