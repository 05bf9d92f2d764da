// One camera picture from the three encoders through two bridges to the decoder, against the same
// work done part by part.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
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

constexpr int kPictures = 150;       // 5 s
constexpr int kFirstPictures = 300;  // at most, until the link has hi's full rate
// A busy machine holds pictures up until the pacer drops them, or the bridge goes over to mid for a
// few seconds: these are not measured.
constexpr int kMostMissed = 300;
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
  SecretRng rng_{1};
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
  void add(const Sum& o) {
    whole += o.whole;
    encode += o.encode;
    packetise += o.packetise;
    cross += o.cross;
    assemble += o.assemble;
    decode += o.decode;
  }
  Duration parts() const { return encode + packetise + cross + assemble + decode; }
};

// The receiver's side of the whole: decodes at once.
struct Watcher {
  codecs::H264Decoder decoder;
  std::optional<std::uint32_t> newest;  // decoded
  void see(const mesh::Output& output, node::CoreLoop& loop) {
    const auto* frame = std::get_if<mesh::DecodeFrame>(&output);
    if (frame == nullptr) return;
    const bool ok = decoder.decode(frame->media.bytes, frame->captured_at).has_value();
    if (ok) newest = frame->frame_number;
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

void tell(benchmark::State& state, const Sum& sum, int pictures) {
  const auto each = [pictures](Duration d) { return to_us(d) / pictures; };
  state.counters["whole_us"] = each(sum.whole);
  state.counters["encode_us"] = each(sum.encode);
  state.counters["packetise_us"] = each(sum.packetise);
  state.counters["seal_cross_open_us"] = each(sum.cross);
  state.counters["assemble_us"] = each(sum.assemble);
  state.counters["decode_us"] = each(sum.decode);
  state.counters["ratio"] = each(sum.whole) / each(sum.parts());
}

// The meeting of one camera, and the same work without a meeting beside it.
class Filming {
 public:
  // One picture, whole and in parts; nothing when it did not come through.
  std::optional<Sum> picture() {
    const auto canvas = std::make_shared<codecs::Picture>(1280, 720);
    const Timestamp now = node::monotonic_now();
    painter_.paint(*canvas, static_cast<std::uint32_t>(index_), false, now);
    const codecs::VideoFrame picture{canvas, now, index_++};
    follow();
    Sum sum;
    bool came = true;
    // Whoever comes second finds the picture in the cache: they take turns.
    const auto alone_too = [&] { came = part_by_part(picture, alone_, parts_, raw_, sum) && came; };
    if (index_ % 2 == 0) alone_too();
    sum.whole = cpu_of([&] {
      whole_.encode(picture, [&](Layer layer, const codecs::EncodedFrame& encoded) {
        send_layer(pair_.sender.loop(), layer, encoded, nals_);
        if (layer == Layer::hi) sent_ = encoded.frame_number;
      });
    });
    const auto cost = pair_.carry([this] { return watcher_.newest == sent_; });
    sum.whole += cost.sender + cost.receiver;
    came = watcher_.newest == sent_ && came;
    if (index_ % 2 != 0) alone_too();
    next_ = std::max(next_ + kPictureTime, std::chrono::steady_clock::now());
    std::this_thread::sleep_until(next_);
    return came ? std::optional{sum} : std::nullopt;
  }
  Bitrate rate() const { return rate_; }  // both encoders', so that less is no other ratio
  bool at_full_rate() const { return rate_ == mesh::LayerRates{}.hi; }

 private:
  // Both encoders do what the bridge wants of hi, so that they encode the same.
  void follow() {
    if (!asked_) return;
    rate_ = asked_->rate;
    const codecs::LayerRequest request{true,
                                       asked_->rate,
                                       asked_->fps,
                                       asked_->idr,
                                       asked_->invalidate_from,
                                       asked_->temporal,
                                       asked_->hold};
    whole_.set(Layer::hi, request);
    alone_.set(Layer::hi, request);
    asked_.reset();
  }
  // Key frame and invalidation that were asked for are not forgotten, as in the node.
  void see(const mesh::Output& output) {
    const auto* set = std::get_if<mesh::SetEncoder>(&output);
    if (set == nullptr || set->layer != Layer::hi || !set->active) return;
    mesh::SetEncoder next = *set;
    if (asked_) {
      next.idr = next.idr || asked_->idr;
      if (asked_->invalidate_from)
        next.invalidate_from = std::min(next.invalidate_from.value_or(*asked_->invalidate_from),
                                        *asked_->invalidate_from);
    }
    asked_ = next;
  }

  std::optional<mesh::SetEncoder> asked_;
  Watcher watcher_;
  LoopbackPair pair_{
      [this](const mesh::Output& output) { watcher_.see(output, pair_.receiver.loop()); },
      [this](const mesh::Output& output) { see(output); }};
  codecs::LayeredEncoder whole_ = three_layers(), alone_ = three_layers();
  codecs::PicturePainter painter_{1};
  Parts parts_;
  // 1,500 kbit/s at 30 pictures a second are six packets of this size.
  RawPath raw_{1040 + 36, true};
  std::vector<mesh::NalUnit> nals_;
  std::uint64_t index_ = 0;
  std::uint32_t sent_ = 0;  // number of hi's last picture
  Bitrate rate_;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now();
};

void frame(benchmark::State& state) {
  Filming filming;
  for (int i = 0; i < kFirstPictures && !filming.at_full_rate(); ++i) filming.picture();
  Sum sum;
  int measured = 0, missed = 0;
  for (auto _ : state) {
    std::optional<Sum> one = filming.picture();
    for (; !one && missed < kMostMissed; ++missed) one = filming.picture();
    if (one) {
      sum.add(*one);
      ++measured;
    }
    state.SetIterationTime(one ? to_us(one->whole) / 1e6 : 0);
  }
  // No SkipWithError: of three repetitions with one that is skipped the library (1.7.1) makes no
  // median, it crashes.
  state.counters["pictures"] = measured;
  if (measured > 0) tell(state, sum, measured);
  state.counters["hi_kbps"] = static_cast<double>(filming.rate().bps()) / 1e3;
}
BENCHMARK(frame)
    ->Name("frame/path")
    ->UseManualTime()
    ->Iterations(kPictures)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace diemcau::bench
