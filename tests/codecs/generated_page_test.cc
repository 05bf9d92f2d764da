// How soon and at what cost a page can be read: through our encoder at the rates of a document.
#include "codecs/generated_page.h"

#include <catch2/catch.hpp>
#include <cstdint>

#include "codecs/h264_decoder.h"
#include "codecs/layered_encoder.h"
#include "tests/codecs/support.h"

using namespace diemcau;
using namespace diemcau::codecs;

namespace {
struct Screen {
  explicit Screen(Layer l, Bitrate rate) : layer(l), encoder({10, 60s, Content::page}) {
    encoder.set(layer,
                {true, rate, layer == Layer::hi ? std::uint8_t{10} : std::uint8_t{5}, false, {}});
  }
  // A tenth of a second; the bytes of it.
  std::size_t show(std::uint32_t page) {
    auto picture = std::make_shared<Picture>(kPageWidth, kPageHeight);
    paint_page(*picture, page);
    std::size_t bytes = 0;
    const Timestamp at = timestamp_from_ns(0) + 100ms * tick++;
    encoder.encode({picture, at, 0}, [&](Layer, const EncodedFrame& frame) {
      bytes += frame.size();
      largest = std::max(largest, frame.size());
      const auto access_unit = frame.annex_b();
      const auto decoded = decoder.decode(access_unit, frame.captured_at);
      REQUIRE(decoded);
      seen = decoded->picture;
    });
    return bytes;
  }
  Layer layer;
  LayeredEncoder encoder;
  H264Decoder decoder;
  std::shared_ptr<const Picture> seen;
  std::int64_t tick = 0;
  std::size_t largest = 0;
};
}  // namespace

TEST_CASE(
    "a page that is not encoded can be read whole, and on another page's paper hardly a glyph",
    "[page]") {
  Picture picture(kPageWidth, kPageHeight);
  paint_page(picture, 7);
  CHECK(legible_permille(picture, 7) == 1000);
  // One in 31 by chance, of some 2,000.
  CHECK(legible_permille(picture, 8) < 100);
}

TEST_CASE("a page is coarse first and sharp within what its bytes take of the rate", "[page]") {
  const auto [layer, kbps] = GENERATE(table<Layer, int>(
      {{Layer::hi, 1000}, {Layer::hi, 250}, {Layer::mid, 250}, {Layer::mid, 60}}));
  CAPTURE(name_of(layer), kbps);
  Screen s(layer, Bitrate::kbps(kbps));
  for (int i = 0; i < 200; ++i) s.show(1);
  REQUIRE(legible_permille(*s.seen, 1) >= 990);
  s.largest = 0;
  std::size_t bytes = 0;
  int tenths = 0;
  do {
    bytes += s.show(2);
    ++tenths;
  } while (legible_permille(*s.seen, 2) < 990 && tenths < 300);
  INFO(bytes << " bytes in " << tenths << " tenths of a second, largest " << s.largest);
  CHECK(tenths < 300);
  // Never above the rate, but for the two pictures that the encoder's buffer holds.
  const double allowed = kbps * 100.0 / 8 * (tenths + 4);
  CHECK(static_cast<double>(bytes) < 1.2 * allowed);
  // A page of 720 lines full of text.
  CHECK(bytes < 120'000);
}

TEST_CASE("a page that stands still takes a hundredth of what turning it takes", "[page]") {
  Screen s(Layer::hi, Bitrate::kbps(1000));
  std::size_t turned = 0, still = 0;
  for (int i = 0; i < 100; ++i) turned += s.show(1);
  for (int i = 0; i < 100; ++i) still += s.show(1);
  INFO(turned << " and " << still);
  CHECK(still < 30'000);  // 24 kbit/s
  CHECK(still < turned / 2);
}
