// Real x264 and Opus through two whole bridges in virtual time: what arrives is what was encoded,
// and core's verdict on every frame is libavcodec's.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <vector>

// x264.h needs <cstdint> first and has no C++ guard of its own.
extern "C" {
#include <x264.h>
}

#include "codecs/h264_decoder.h"
#include "codecs/layered_encoder.h"
#include "codecs/opus_decoder.h"
#include "codecs/opus_encoder.h"
#include "codecs/scale.h"
#include "core/base/rng.h"
#include "core/wire/rtp.h"
#include "tests/codecs/support.h"
#include "tests/support/test_mesh.h"

namespace diemcau::node {
namespace {

using Bytes = std::vector<std::uint8_t>;
using test::TestMesh;

constexpr int kFps = 30;

// What one bridge sent and the other one made of it.
struct Sent {
  Bytes annex_b;
  std::shared_ptr<const codecs::Picture> truth;  // libavcodec on exactly what x264 produced
  bool key = false;
};
struct Received {
  Bytes bytes;
  std::uint32_t number = 0;
  bool clean = false;
  std::shared_ptr<const codecs::Picture> picture;
};

// Bridge 1 films with the layered encoder; bridge 0, central, wants hi, decodes and records it.
class RealMeeting {
 public:
  RealMeeting() {
    mesh.on_output = [this](std::size_t i, const mesh::Output& out) { output(i, out); };
    mesh.run_for(500ms);
    sound(mesh.now());
  }

  TestMesh mesh{2};
  std::map<std::uint32_t, Sent> sent;
  std::vector<codecs::VideoFrame> filmed;  // those that were encoded, in order
  std::vector<Received> received;
  std::vector<Bytes> recorded_bytes;
  std::vector<Bytes> sounds_sent, sounds_played;
  std::size_t invalidations = 0;
  mesh::SetEncoder hi;

  void film(int pictures) {
    for (int n = 0; n < pictures; ++n) {
      film_one();
      mesh.run_for(Duration{1s} / kFps);
    }
    mesh.run_for(500ms);
  }

 private:
  void film_one() {
    codecs::VideoFrame frame = camera_.next();
    frame.captured_at = mesh.now() - 5ms;
    encoder_.encode(frame, [&](Layer layer, const codecs::EncodedFrame& e) {
      if (layer == Layer::hi) keep(frame, e);
      mesh::VideoEncoded in;
      in.layer = layer;
      in.captured_at = e.captured_at;
      in.frame_number = e.frame_number;
      in.newest_needed = e.newest_needed;
      in.oldest_needed = e.oldest_needed;
      in.temporal_id = e.temporal_id;
      in.key = e.key;
      std::vector<mesh::NalUnit> nals;
      for (const ByteSpan nal : e.nals) {
        nals.push_back({nal.data(), static_cast<std::uint32_t>(nal.size())});
      }
      in.nals = nals;
      mesh.input(1, in);
    });
  }
  void keep(const codecs::VideoFrame& frame, const codecs::EncodedFrame& e) {
    filmed.push_back(frame);
    Sent s{e.annex_b(), nullptr, e.key};
    const auto decoded = reference_.decode(s.annex_b, frame.captured_at);
    REQUIRE(decoded);
    s.truth = decoded->picture;
    sent[e.frame_number] = std::move(s);
  }
  // The microphone of one and the loudspeaker of the other, every 20 ms.
  void sound(Timestamp t) {
    mesh.at(t, [this, t] {
      speak();
      mesh.input(0, mesh::AudioWanted{PeerId{1}, 0});
      sound(t + codecs::kFrameDuration);
    });
  }
  void speak() {
    const std::size_t at = sounds_sent.size() * codecs::kFrameSamples;
    const ByteSpan packet = opus_.encode(codecs::Samples(voice_).subspan(at % 48'000, 960));
    sounds_sent.emplace_back(packet.begin(), packet.end());
    mesh::AudioEncoded in;
    in.captured_at = mesh.now() - 20ms;
    in.bytes = packet;
    in.length = static_cast<std::uint32_t>(packet.size());
    mesh.input(1, in);
  }
  void output(std::size_t i, const mesh::Output& out) {
    if (const auto* set = std::get_if<mesh::SetEncoder>(&out); set != nullptr && i == 1) {
      codecs::LayerRequest request{set->active,          set->rate,     set->fps, set->idr,
                                   set->invalidate_from, set->temporal, set->hold};
      invalidations += set->invalidate_from ? 1U : 0U;
      encoder_.set(set->layer, request);
      if (set->layer == Layer::hi) hi = *set;
    }
    if (i != 0) return;
    if (const auto* decode = std::get_if<mesh::DecodeFrame>(&out)) take(*decode);
    if (const auto* record = std::get_if<mesh::RecordBytes>(&out)) {
      if (record->stream.source != Source::camera) return;
      recorded_bytes.emplace_back(record->media.bytes.begin(), record->media.bytes.end());
    }
    if (const auto* play = std::get_if<mesh::PlayAudio>(&out); play != nullptr) {
      if (!play->media.bytes.empty()) {
        sounds_played.emplace_back(play->media.bytes.begin(), play->media.bytes.end());
      }
      mesh.at(mesh.now(), [this, action = play->action, at = play->captured_at] {
        mesh.input(0, mesh::AudioPlayed{PeerId{1}, action, 960, mesh.now(), at});
      });
    }
  }
  void take(const mesh::DecodeFrame& decode) {
    Received r;
    r.bytes.assign(decode.media.bytes.begin(), decode.media.bytes.end());
    r.number = decode.frame_number;
    auto decoded = receiver_.decode(r.bytes, decode.captured_at);
    r.clean = decoded.has_value();
    if (decoded) r.picture = decoded->picture;
    received.push_back(std::move(r));
    mesh.at(mesh.now() + 2ms, [this, stream = decode.stream, r = decode.frame_number] {
      mesh.input(0, mesh::FrameDecoded{stream, r, true, 2ms});
    });
  }

  codecs::LayeredEncoder encoder_{{kFps, std::nullopt}};
  codecs::testing::Camera camera_{1280, 720, kFps};
  codecs::H264Decoder reference_, receiver_;
  codecs::OpusEncoder opus_;
  std::vector<std::int16_t> voice_ = codecs::testing::voice(140, 48'960);
};

// x264 called straight, with our settings: superfast, zerolatency, VBV 100 ms,
// slices of at most 1,100 bytes, 8 references, high profile at level 4.0.
double direct_psnr(const std::vector<codecs::VideoFrame>& frames, int kbps, std::size_t skip) {
  x264_param_t param;
  REQUIRE(x264_param_default_preset(&param, "superfast", "zerolatency") == 0);
  param.i_log_level = X264_LOG_NONE;
  param.i_threads = 1;
  param.b_sliced_threads = 0;
  param.i_width = 1280;
  param.i_height = 720;
  param.i_fps_num = static_cast<std::uint32_t>(kFps);
  param.i_fps_den = 1;
  param.b_vfr_input = 0;
  param.i_keyint_max = X264_KEYINT_MAX_INFINITE;
  param.i_scenecut_threshold = 0;
  param.i_frame_reference = 8;
  param.i_level_idc = 40;
  param.i_slice_max_size = 1100;
  param.rc.i_rc_method = X264_RC_ABR;
  param.rc.i_bitrate = param.rc.i_vbv_max_bitrate = kbps;
  param.rc.i_vbv_buffer_size = kbps / 10;
  param.b_annexb = 1;
  param.b_repeat_headers = 1;
  REQUIRE(x264_param_apply_profile(&param, "high") == 0);
  x264_t* encoder = x264_encoder_open(&param);
  REQUIRE(encoder != nullptr);
  codecs::H264Decoder decoder;
  double sum = 0;
  for (std::size_t n = 0; n < frames.size(); ++n) {
    const codecs::Picture& picture = *frames[n].picture;
    x264_picture_t in, out;
    x264_picture_init(&in);
    in.i_pts = static_cast<std::int64_t>(n);
    in.img.i_csp = X264_CSP_I420;
    in.img.i_plane = 3;
    in.img.plane[0] = const_cast<std::uint8_t*>(picture.y());
    in.img.plane[1] = const_cast<std::uint8_t*>(picture.u());
    in.img.plane[2] = const_cast<std::uint8_t*>(picture.v());
    in.img.i_stride[0] = 1280;
    in.img.i_stride[1] = in.img.i_stride[2] = 640;
    x264_nal_t* nals = nullptr;
    int count = 0;
    const int size = x264_encoder_encode(encoder, &nals, &count, &in, &out);
    REQUIRE(size > 0);
    const auto decoded =
        decoder.decode(ByteSpan(nals[0].p_payload, static_cast<std::size_t>(size)), {});
    REQUIRE(decoded);
    if (n >= skip) sum += codecs::psnr_y(*decoded->picture, picture);
  }
  x264_encoder_close(encoder);
  return sum / static_cast<double>(frames.size() - skip);
}

}  // namespace

TEST_CASE("on a clean line every picture is byte-equal to libavcodec's decode of what x264 made",
          "[real_media]") {
  RealMeeting meeting;
  REQUIRE(meeting.hi.active);
  meeting.film(90);
  REQUIRE(meeting.sent.size() == 90);
  REQUIRE(meeting.received.size() == 90);
  REQUIRE(meeting.recorded_bytes.size() == 90);
  for (std::size_t n = 0; n < meeting.received.size(); ++n) {
    const Received& r = meeting.received[n];
    const Sent& s = meeting.sent.at(r.number);
    CAPTURE(n, r.number);
    REQUIRE(r.number == n);
    REQUIRE(r.bytes == s.annex_b);
    REQUIRE(meeting.recorded_bytes[n] == s.annex_b);
    REQUIRE(r.clean);
    REQUIRE(r.picture->bytes == s.truth->bytes);
  }
}

TEST_CASE("pictures are within 0.3 dB of x264 called directly with the same settings",
          "[real_media]") {
  RealMeeting meeting;
  meeting.film(90);
  REQUIRE(meeting.received.size() == 90);
  // The first second is x264's rate control finding its level.
  constexpr std::size_t kSkip = 30;
  double ours = 0;
  for (std::size_t n = kSkip; n < 90; ++n) {
    ours += codecs::psnr_y(*meeting.received[n].picture, *meeting.filmed[n].picture);
  }
  ours /= 90 - kSkip;
  const double direct =
      direct_psnr(meeting.filmed, static_cast<int>(meeting.hi.rate.kbps()), kSkip);
  CAPTURE(ours, direct);
  CHECK(ours > direct - 0.3);
  CHECK(ours > 30);
}

TEST_CASE("sound on a clean line is byte-equal to what Opus made, in order", "[real_media]") {
  RealMeeting meeting;
  meeting.film(60);
  REQUIRE(meeting.sounds_played.size() > 50);
  // Play-out begins with the first frame that core lets through and goes on without a hole.
  const auto first = std::find(meeting.sounds_sent.begin(), meeting.sounds_sent.end(),
                               meeting.sounds_played.front());
  REQUIRE(first != meeting.sounds_sent.end());
  const auto skipped = static_cast<std::size_t>(first - meeting.sounds_sent.begin());
  codecs::OpusDecoder decoder;
  for (std::size_t n = 0; n < meeting.sounds_played.size(); ++n) {
    CAPTURE(n);
    REQUIRE(meeting.sounds_played[n] == meeting.sounds_sent.at(skipped + n));
    REQUIRE(decoder.decode(meeting.sounds_played[n]));
  }
}

bool is_repair(const TestMesh::Datagram& d) {
  return d.kind == mesh::PacketKind::rtp && (d.bytes[1] & 0x7FU) == wire::kRepairPayloadType;
}

TEST_CASE("with repair, losses of 5 % leave every picture as it was sent", "[real_media]") {
  const std::uint64_t seed = GENERATE(1U, 2U, 3U);
  CAPTURE(seed);
  Rng rng(seed);
  RealMeeting meeting;
  std::size_t lost = 0;
  meeting.mesh.drop = [&](const TestMesh::Datagram& d) {
    const bool drop = d.kind == mesh::PacketKind::rtp && d.from == 1 && rng.below(100) < 5;
    lost += drop ? 1U : 0U;
    return drop;
  };
  meeting.film(120);
  meeting.mesh.drop = [](const TestMesh::Datagram&) { return false; };
  meeting.film(30);
  REQUIRE(lost > 15);
  // A round trip of 10 ms leaves room for five questions: none in a thousand packets stays lost.
  CHECK(meeting.received.size() == meeting.sent.size());
  for (const Received& r : meeting.received) {
    const Sent& s = meeting.sent.at(r.number);
    CAPTURE(r.number, s.key);
    REQUIRE(r.bytes == s.annex_b);
    REQUIRE(r.clean);
    REQUIRE(r.picture->bytes == s.truth->bytes);
  }
}

TEST_CASE(
    "with losses beyond repair, every frame that core releases decodes clean, to the loss-free "
    "picture",
    "[real_media]") {
  const std::uint64_t seed = GENERATE(1U, 2U, 3U);
  CAPTURE(seed);
  Rng rng(seed);
  RealMeeting meeting;
  std::size_t lost = 0;
  meeting.mesh.drop = [&](const TestMesh::Datagram& d) {
    if (is_repair(d)) return true;
    if (d.kind != mesh::PacketKind::rtp || d.from != 1) return false;
    const bool drop = rng.below(100) < 2;
    lost += drop ? 1U : 0U;
    return drop;
  };
  meeting.film(120);
  meeting.mesh.drop = [](const TestMesh::Datagram&) { return false; };
  meeting.film(30);  // a second: the rate may be trying whether less loses less
  REQUIRE(lost > 5);
  CHECK(meeting.invalidations > 0);
  std::size_t checked = 0;
  for (const Received& r : meeting.received) {
    const Sent& s = meeting.sent.at(r.number);
    CAPTURE(r.number, s.key);
    REQUIRE(r.bytes == s.annex_b);
    REQUIRE(r.clean);
    REQUIRE(r.picture->bytes == s.truth->bytes);
    ++checked;
  }
  // A loss costs the frames of about a round trip, not everything until a key frame.
  CHECK(checked > 60);
  CHECK(checked < meeting.sent.size());
  REQUIRE_FALSE(meeting.received.empty());
  CHECK(meeting.received.back().number == meeting.sent.rbegin()->first);  // recovered
}

TEST_CASE("with losses, every whole frame that core holds back is one that libavcodec refuses too",
          "[real_media]") {
  const std::uint64_t seed = GENERATE(4U, 5U);
  CAPTURE(seed);
  Rng rng(seed);
  RealMeeting meeting;
  std::map<std::uint16_t, bool> damaged;  // frames of which a packet was lost
  std::uint32_t ssrc_of_hi = 0;
  meeting.mesh.drop = [&](const TestMesh::Datagram& d) {
    if (is_repair(d)) return true;
    if (d.kind != mesh::PacketKind::rtp || d.from != 1) return false;
    const auto rtp = wire::parse_rtp(d.bytes);
    REQUIRE(rtp);
    if (!rtp->extensions.frame_descriptor) return false;
    ssrc_of_hi = rtp->header.ssrc.value;
    const bool drop = rng.below(100) < 2;
    if (drop) damaged[rtp->extensions.frame_descriptor->frame_number] = true;
    return drop;
  };
  meeting.film(120);
  REQUIRE(ssrc_of_hi != 0);
  // A second opinion: libavcodec gets every frame that crossed whole, released by core or not.
  codecs::H264Decoder judge;
  std::map<std::uint32_t, bool> released;
  for (const Received& r : meeting.received) released[r.number] = true;
  std::size_t held_back = 0, disagreements = 0;
  for (const auto& [number, s] : meeting.sent) {
    if (damaged.count(static_cast<std::uint16_t>(number)) > 0) continue;
    const auto verdict = judge.decode(s.annex_b, {});
    held_back += released.count(number) == 0 ? 1U : 0U;
    disagreements += verdict.has_value() != (released.count(number) > 0) ? 1U : 0U;
  }
  CHECK(held_back > 0);
  CHECK(disagreements == 0);
}

}  // namespace diemcau::node
