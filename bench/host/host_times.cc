// CPU time where only the codec works, the clock where one thread waits for another.
#include "bench/host/host_times.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "bench/raw/thread_cpu.h"
#include "codecs/generated_picture.h"
#include "codecs/h264_decoder.h"
#include "codecs/layered_encoder.h"
#include "codecs/opus_decoder.h"
#include "codecs/opus_encoder.h"
#include "core/base/check.h"
#include "node/clock.h"
#include "node/inbox.h"
#include "node/thread_rank.h"
#include "sim/host_model.h"

namespace diemcau::bench {

namespace {

namespace asio = boost::asio;
using Times = std::vector<std::int64_t>;  // ns
using ByLayer = std::map<Layer, Times>;

constexpr std::array kLayers{Layer::hi, Layer::mid, Layer::lo};
constexpr Duration kEvery = 1ms;  // between two hand-overs or timers

Bitrate rate_of(Layer layer) {
  return Bitrate::kbps(layer == Layer::hi ? 1500 : layer == Layer::mid ? 500 : 150);
}

struct VideoTimes {
  ByLayer encode, decode;
  std::map<Layer, std::uint64_t> bytes;
};

// What a bridge's encoder thread does with each picture, scaling included, and what its peers do.
VideoTimes video(Duration length) {
  codecs::PicturePainter painter(1);
  codecs::LayeredEncoder encoder;
  for (const Layer layer : kLayers) encoder.set(layer, {true, rate_of(layer), 30, false, {}});
  std::map<Layer, codecs::H264Decoder> decoders;
  VideoTimes times;
  const auto pictures = static_cast<std::uint64_t>(length / (Duration{1s} / 30));
  for (std::uint64_t n = 0; n < pictures; ++n) {
    const Timestamp at{Duration{1s} * static_cast<std::int64_t>(n) / 30};
    auto picture = std::make_shared<codecs::Picture>(1280, 720);
    painter.paint(*picture, static_cast<std::uint32_t>(n), false, at);
    Duration from = thread_cpu();
    encoder.encode({picture, at, n}, [&](Layer layer, const codecs::EncodedFrame& frame) {
      times.encode[layer].push_back((thread_cpu() - from).count());
      const auto bytes = frame.annex_b();
      times.bytes[layer] += frame.size();
      times.decode[layer].push_back(
          cpu_of([&] { DC_CHECK(decoders[layer].decode(bytes, {}).has_value()); }).count());
      from = thread_cpu();
    });
  }
  return times;
}

struct SoundTimes {
  Times encode, decode;
  std::uint64_t bytes = 0;
};

SoundTimes sound(Duration length) {
  codecs::OpusEncoder encoder;
  codecs::OpusDecoder decoder;
  std::vector<std::int16_t> samples(codecs::kFrameSamples);
  SoundTimes times;
  for (std::int64_t n = 0; n < length / 20ms; ++n) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double t = static_cast<double>(n) * 0.02 + static_cast<double>(i) / codecs::kSampleRate;
      const double pitch = 120 + 20 * std::sin(3 * t);
      double value = 0;
      for (int h = 1; h < 12; ++h) value += std::sin(6.2831853 * pitch * h * t) / h;
      samples[i] = static_cast<std::int16_t>(3000 * value);
    }
    ByteSpan packet;
    times.encode.push_back(cpu_of([&] { packet = encoder.encode(samples); }).count());
    times.bytes += packet.size();
    times.decode.push_back(cpu_of([&] { DC_CHECK(decoder.decode(packet).has_value()); }).count());
  }
  return times;
}

// From one thread into core's inbox to the moment at which core's thread has it.
Times hand_overs(Duration length) {
  asio::io_context io{1};
  Times times;
  node::Inbox<Timestamp> inbox(
      io, [&](Timestamp sent) { times.push_back((node::monotonic_now() - sent).count()); });
  std::jthread core([&io] {
    node::take_rank(node::ThreadRank::sound, "core");
    const auto work = asio::make_work_guard(io);
    io.run();
  });
  asio::io_context other;
  asio::steady_timer timer(other);
  const Timestamp begin = node::monotonic_now();
  for (Timestamp at = begin; at < begin + length; at += kEvery) {
    timer.expires_at(std::chrono::steady_clock::time_point(at.time_since_epoch()));
    timer.wait();
    inbox.push(node::monotonic_now());
  }
  asio::post(io, [&io] { io.stop(); });
  core.join();
  return times;
}

// How much later than asked for a timer of core's thread fires.
Times timers(Duration length) {
  node::take_rank(node::ThreadRank::sound, "core");
  asio::io_context io{1};
  asio::steady_timer timer(io);
  Times times;
  const Timestamp end = node::monotonic_now() + length;
  Timestamp at = node::monotonic_now();
  const std::function<void()> arm = [&] {
    at = std::max(at, node::monotonic_now()) + kEvery;
    if (at > end) return;
    timer.expires_at(std::chrono::steady_clock::time_point(at.time_since_epoch()));
    timer.async_wait([&](const boost::system::error_code&) {
      times.push_back((node::monotonic_now() - at).count());
      arm();
    });
  };
  arm();
  io.run();
  return times;
}

std::string row(const char* name, Times times) {
  std::sort(times.begin(), times.end());
  std::string line = fmt::format("constexpr HostTimes {}{{{{", name);
  for (const std::uint64_t part : sim::kHostParts) {
    const std::size_t rank = (times.size() - 1) * part >> 32;
    line += fmt::format("{}{}", part == 0 ? "" : ", ", times[rank]);
  }
  return line + "}};\n";
}

// What came out in thousandths of what was asked for.
std::string yield(const char* name, std::uint64_t bytes, Bitrate asked, Duration length) {
  return fmt::format("constexpr std::int64_t {} = {};\n", name,
                     bytes * 1000 / static_cast<std::uint64_t>(asked.bytes_in(length).count()));
}

}  // namespace

std::string host_times(Duration length) {
  const VideoTimes v = video(length);
  const SoundTimes s = sound(length);
  std::string text;
  text += row("kEncodeHi", v.encode.at(Layer::hi)) + row("kEncodeMid", v.encode.at(Layer::mid));
  text += row("kEncodeLo", v.encode.at(Layer::lo)) + row("kDecodeHi", v.decode.at(Layer::hi));
  text += row("kDecodeMid", v.decode.at(Layer::mid)) + row("kDecodeLo", v.decode.at(Layer::lo));
  text += row("kEncodeSound", s.encode) + row("kDecodeSound", s.decode);
  text += yield("kYieldHi", v.bytes.at(Layer::hi), rate_of(Layer::hi), length);
  text += yield("kYieldMid", v.bytes.at(Layer::mid), rate_of(Layer::mid), length);
  text += yield("kYieldLo", v.bytes.at(Layer::lo), rate_of(Layer::lo), length);
  text += yield("kYieldSound", s.bytes, Bitrate::kbps(32), length);
  text += row("kHandOver", hand_overs(length)) + row("kTimer", timers(length));
  return text;
}

}  // namespace diemcau::bench
