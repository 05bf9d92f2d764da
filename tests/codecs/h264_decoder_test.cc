#include "codecs/h264_decoder.h"

#include <catch2/catch.hpp>
#include <vector>

#include "codecs/bit_writer.h"
#include "codecs/h264_headers.h"
#include "codecs/reference_tracker.h"
#include "codecs/scale.h"
#include "codecs/x264_encoder.h"
#include "core/base/rng.h"
#include "tests/codecs/support.h"

namespace diemcau::codecs {
namespace {

using Bytes = std::vector<std::uint8_t>;

LayerSettings small() {
  LayerSettings s;
  s.width = 320;
  s.height = 180;
  s.fps = 30;
  s.rate = Bitrate::kbps(400);
  s.profile = H264Profile::constrained_baseline;
  return s;
}

// Frames with more than one slice, and what the encoder says of them.
struct Stream {
  std::vector<Bytes> frames;
  std::vector<std::uint32_t> newest;
  std::vector<bool> key;
};

Stream stream_of(const LayerSettings& s, std::uint32_t count, std::uint32_t invalidate_every = 0) {
  X264Encoder encoder(s);
  testing::Camera camera(s.width, s.height, s.fps);
  Stream out;
  for (std::uint32_t n = 0; n < count; ++n) {
    EncodeRequest request{s.rate, false, std::nullopt};
    if (invalidate_every > 0 && n % invalidate_every == invalidate_every - 1) {
      request.invalidate_from = n - 3;
    }
    const EncodedFrame& e = encoder.encode(camera.next(), request);
    out.frames.push_back(e.annex_b());
    out.newest.push_back(e.newest_needed);
    out.key.push_back(e.key);
  }
  return out;
}

std::vector<Bytes> nals_of(const Bytes& frame) {
  std::vector<Bytes> nals;
  for_each_nal(frame, [&](ByteSpan nal) { nals.emplace_back(nal.begin(), nal.end()); });
  return nals;
}

Bytes joined(const std::vector<Bytes>& nals) {
  Bytes bytes;
  for (const Bytes& nal : nals) {
    bytes.insert(bytes.end(), {0, 0, 0, 1});
    bytes.insert(bytes.end(), nal.begin(), nal.end());
  }
  return bytes;
}

}  // namespace

TEST_CASE("every frame comes out at once, in order", "[codecs][h264]") {
  const Stream stream = stream_of(small(), 40);
  H264Decoder decoder;
  for (std::size_t n = 0; n < stream.frames.size(); ++n) {
    const Timestamp at = timestamp_from_ns(static_cast<std::int64_t>(n) * 1000);
    const auto decoded = decoder.decode(stream.frames[n], at);
    REQUIRE(decoded);
    CHECK(decoded->captured_at == at);
    CHECK(decoded->picture->width == 320);
    CHECK(decoded->picture->height == 180);
  }
}

TEST_CASE("a stream that begins without a key frame is refused until one comes", "[codecs][h264]") {
  const Stream stream = stream_of(small(), 10);
  H264Decoder decoder;
  for (std::size_t n = 1; n < 10; ++n) {
    const auto decoded = decoder.decode(stream.frames[n], {});
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error() == VideoError::missing_reference);
  }
  CHECK(decoder.decode(stream.frames[0], {}));
  CHECK(decoder.decode(stream.frames[1], {}));
}

TEST_CASE("after a reset the next frame must be a key frame", "[codecs][h264]") {
  const Stream stream = stream_of(small(), 3);
  H264Decoder decoder;
  REQUIRE(decoder.decode(stream.frames[0], {}));
  decoder.reset();
  CHECK_FALSE(decoder.decode(stream.frames[1], {}));
  CHECK(decoder.decode(stream.frames[0], {}));
}

TEST_CASE("a missing slice is damage, wherever it was", "[codecs][h264]") {
  LayerSettings s = small();
  s.rate = Bitrate::kbps(3000);
  const Stream stream = stream_of(s, 6);
  const std::vector<Bytes> nals = nals_of(stream.frames[4]);
  REQUIRE(nals.size() >= 3);
  for (std::size_t lost = 0; lost < nals.size(); ++lost) {
    CAPTURE(lost, nals.size());
    H264Decoder decoder;
    for (std::size_t n = 0; n < 4; ++n) REQUIRE(decoder.decode(stream.frames[n], {}));
    std::vector<Bytes> rest = nals;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(lost));
    const auto decoded = decoder.decode(joined(rest), {});
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error() == VideoError::damaged);
    // What builds on it is not clean either.
    CHECK_FALSE(decoder.decode(stream.frames[5], {}));
  }
}

TEST_CASE("the decoder agrees with the encoder's word on what each frame needs", "[codecs][h264]") {
  const std::uint64_t seed = 77;
  CAPTURE(seed);
  Rng rng(seed);
  const Stream stream = stream_of(small(), 400, 9);
  H264Decoder whole, lossy;
  std::vector<bool> have(stream.frames.size());
  std::size_t losses = 0;
  std::size_t recovered = 0;
  for (std::size_t n = 0; n < stream.frames.size(); ++n) {
    const auto truth = whole.decode(stream.frames[n], {});
    REQUIRE(truth);
    const bool lost = n > 0 && n % 9 == 5 && rng.below(2) == 0;
    if (lost) {
      ++losses;
      continue;
    }
    const bool decodable = stream.key[n] || have[stream.newest[n]];
    const auto seen = lossy.decode(stream.frames[n], {});
    CAPTURE(n, stream.newest[n], seen ? -1 : static_cast<int>(seen.error()));
    REQUIRE(seen.has_value() == decodable);
    have[n] = decodable;
    if (!decodable) continue;
    CHECK(psnr_y(*seen->picture, *truth->picture) == Approx(128));
    if (stream.newest[n] + 1 != n && !stream.key[n]) ++recovered;
  }
  CHECK(losses > 10);
  CHECK(recovered > 30);
}

TEST_CASE("a picture larger than the largest layer is refused before it is decoded",
          "[codecs][h264]") {
  const auto [columns, rows] =
      GENERATE(std::pair(81U, 45U), std::pair(80U, 46U), std::pair(256U, 256U));
  BitWriter sps;
  sps.bits(0x67'42'C0'33, 32);  // baseline, level 5.1
  for (const std::uint32_t value : {0U, 0U, 2U, 1U})
    sps.ue(value);  // id, numbers, order, references
  sps.bits(0, 1);
  sps.ue(columns - 1);  // in macroblocks
  sps.ue(rows - 1);
  sps.bits(0b1100, 4);  // frames only, direct inference, no crop, no VUI
  const Bytes nal = sps.nal();
  const auto parsed = parse_sequence(nal);
  REQUIRE(parsed);
  CHECK(parsed->width == static_cast<int>(columns) * 16);
  H264Decoder decoder;
  const Stream stream = stream_of(small(), 1);
  std::vector<Bytes> nals = nals_of(stream.frames[0]);
  nals[0] = nal;
  const auto decoded = decoder.decode(joined(nals), {});
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error() == VideoError::too_large);
  CHECK(decoder.decode(stream.frames[0], {}));
}

TEST_CASE("empty, short and huge input is malformed", "[codecs][h264]") {
  H264Decoder decoder;
  CHECK(decoder.decode({}, {}).error() == VideoError::malformed);
  CHECK(decoder.decode(Bytes{0, 0, 1}, {}).error() == VideoError::malformed);
  CHECK(decoder.decode(Bytes{0, 0, 0, 1, 0x67}, {}).error() == VideoError::malformed);
  CHECK(decoder.decode(Bytes(5 << 20), {}).error() == VideoError::malformed);
}

TEST_CASE("every truncation of a frame is refused or the frame itself", "[codecs][h264][fuzz]") {
  const Stream stream = stream_of(small(), 2);
  const Bytes& frame = stream.frames[0];
  for (std::size_t size = 0; size < frame.size(); size += 1 + size / 64) {
    H264Decoder decoder;
    const auto decoded = decoder.decode(ByteSpan(frame).first(size), {});
    CAPTURE(size, frame.size());
    CHECK_FALSE(decoded);
  }
}

TEST_CASE("after any damage the next key frame decodes", "[codecs][h264][fuzz]") {
  const std::uint64_t seed = 20260103;
  CAPTURE(seed);
  Rng rng(seed);
  const Stream stream = stream_of(small(), 2);
  H264Decoder decoder;
  for (int round = 0; round < 300; ++round) {
    Bytes bytes = stream.frames[0];
    for (std::uint32_t flips = rng.below(4) + 1; flips > 0; --flips) {
      bytes[rng.below(60)] ^= static_cast<std::uint8_t>(1U << rng.below(8));
    }
    static_cast<void>(decoder.decode(bytes, {}));
    CAPTURE(round);
    const auto key = decoder.decode(stream.frames[0], {});
    REQUIRE(key);
    REQUIRE(key->picture->width == 320);
    REQUIRE(decoder.decode(stream.frames[1], {}));
  }
}

TEST_CASE("bit flips and garbage never break the decoder", "[codecs][h264][fuzz]") {
  const std::uint64_t seed = 20260102;
  CAPTURE(seed);
  Rng rng(seed);
  const Stream stream = stream_of(small(), 30, 9);
  H264Decoder decoder;
  for (int round = 0; round < 1500; ++round) {
    Bytes bytes = stream.frames[rng.below(30)];
    const std::uint32_t kind = rng.below(3);
    if (kind == 0) {
      bytes.resize(rng.below(3000));
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.below(256));
    } else {
      const std::uint32_t most = kind == 1 ? 40U : static_cast<std::uint32_t>(bytes.size());
      for (std::uint32_t flips = rng.below(6) + 1; flips > 0; --flips) {
        const std::uint32_t at =
            rng.below(std::min(most, static_cast<std::uint32_t>(bytes.size())));
        bytes[at] ^= static_cast<std::uint8_t>(1U << rng.below(8));
      }
    }
    const auto decoded = decoder.decode(bytes, {});
    if (decoded) CHECK(decoded->picture->width <= 1280);
  }
  CHECK(decoder.decode(stream.frames[0], {}));
}

TEST_CASE("a jump of frame numbers that no stream of ours can make is not filled one by one",
          "[codecs][h264]") {
  BitWriter sps, picture_set, idr;
  sps.bits(0x67'42'C0'1E, 32);  // baseline, level 3
  for (const std::uint32_t value : {0U, 12U, 2U, 4U})
    sps.ue(value);  // id, numbers of 16 bits, order as decoded, references
  sps.bits(0, 1);
  sps.ue(19);  // 320x192
  sps.ue(11);
  sps.bits(0b1100, 4);
  picture_set.bits(0x68, 8);
  for (const std::uint32_t value : {0U, 0U}) picture_set.ue(value);
  picture_set.bits(0, 2);
  for (const std::uint32_t value : {0U, 0U, 0U}) picture_set.ue(value);
  picture_set.bits(0, 3);
  for (const std::uint32_t value : {0U, 0U, 0U}) picture_set.ue(value);
  picture_set.bits(0, 3);
  idr.bits(0x65, 8);
  for (const std::uint32_t value : {0U, 7U, 0U}) idr.ue(value);  // first, intra, picture set
  idr.bits(0, 16);
  idr.ue(0);
  const auto later = [](std::uint32_t number) {
    BitWriter slice;
    slice.bits(0x61, 8);
    for (const std::uint32_t value : {0U, 5U, 0U}) slice.ue(value);
    slice.bits(number, 16);
    slice.bits(0, 2);
    return joined({slice.nal()});
  };
  const Bytes key = joined({sps.nal(), picture_set.nal(), idr.nal()});

  ReferenceTracker tracker(1920, 1088);
  REQUIRE(tracker.inspect(key) == AccessUnitKind::complete);
  tracker.finish(true);
  CHECK(tracker.inspect(later(3)) == AccessUnitKind::missing_reference);
  CHECK(tracker.missing() == std::vector<std::uint32_t>{1, 2});
  tracker.finish(false);
  CHECK(tracker.inspect(later(65'535)) == AccessUnitKind::missing_reference);
  CHECK(tracker.missing().empty());
  tracker.finish(false);
  // It begins again with a key frame.
  CHECK(tracker.inspect(later(0)) == AccessUnitKind::missing_reference);
  tracker.finish(false);
  CHECK(tracker.inspect(key) == AccessUnitKind::complete);
  tracker.finish(true);
  CHECK(tracker.inspect(later(0)) == AccessUnitKind::missing_reference);
  CHECK(tracker.missing().empty());
}

}  // namespace diemcau::codecs
