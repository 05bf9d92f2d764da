#include "codecs/scale.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/codecs/support.h"

namespace diemcau::codecs {

TEST_CASE("a picture given back to its pool is used again, and outlives the pool",
          "[codecs][picture]") {
  std::shared_ptr<Picture> kept;
  {
    PicturePool pool;
    const std::uint8_t* bytes = nullptr;
    {
      const auto first = pool.take(320, 180);
      bytes = first->y();
    }
    kept = pool.take(320, 180);
    CHECK(kept->y() == bytes);
    CHECK(pool.take(320, 180)->y() != bytes);
    CHECK(pool.take(640, 360)->width == 640);
  }
  fill(*kept, 1, 2, 3);
  CHECK(kept->bytes.size() == 320 * 180 * 3 / 2);
}

TEST_CASE("a picture that fits needs no bars", "[codecs][scale]") {
  const Area area = fit(1920, 1080, 640, 360);
  CHECK(area.x == 0);
  CHECK(area.y == 0);
  CHECK(area.width == 640);
  CHECK(area.height == 360);
}

TEST_CASE("any aspect is fitted in the middle with even edges", "[codecs][scale]") {
  const Area narrow = fit(720, 1280, 1280, 720);
  CHECK(narrow.width == 404);
  CHECK(narrow.height == 720);
  CHECK(narrow.x == 438);
  const Area wide = fit(4096, 2, 1280, 720);
  CHECK(wide.width == 1280);
  CHECK(wide.height == 2);
  for (int w = 2; w < 400; w += 7) {
    const Area a = fit(w, 200, 320, 180);
    CAPTURE(w);
    CHECK((a.x | a.y | a.width | a.height) % 2 == 0);
    CHECK(a.x + a.width <= 320);
    CHECK(a.y + a.height <= 180);
  }
}

TEST_CASE("bars are black and the picture between them is whole", "[codecs][scale]") {
  Picture from(400, 400);
  fill(from, 200, 90, 160);
  Picture to(320, 180);
  fill(to, 77, 77, 77);
  letterbox(from, to);
  // libyuv's box filter rounds down.
  CHECK(to.y()[90 * 320 + 2] == 16);
  CHECK(to.y()[90 * 320 + 317] == 16);
  CHECK(std::abs(to.y()[90 * 320 + 160] - 200) <= 1);
  CHECK(to.u()[45 * 160 + 1] == 128);
  CHECK(std::abs(to.u()[45 * 160 + 80] - 90) <= 1);
  CHECK(std::abs(to.v()[45 * 160 + 80] - 160) <= 1);
}

TEST_CASE("a tile is painted without touching its neighbours", "[codecs][scale]") {
  Picture from(640, 360);
  fill(from, 200, 90, 160);
  Picture to(640, 360);
  fill(to, 77, 77, 77);
  letterbox_into(from, to, {320, 180, 320, 180});
  CHECK(to.y()[179 * 640 + 639] == 77);
  CHECK(to.y()[180 * 640 + 319] == 77);
  CHECK(to.y()[180 * 640 + 320] == 200);
  CHECK(to.y()[359 * 640 + 639] == 200);
}

TEST_CASE("down and up again keeps what a small picture can hold", "[codecs][scale]") {
  const VideoFrame frame = testing::Camera(1280, 720).next();
  Picture small(640, 360);
  Picture large(1280, 720);
  scale(*frame.picture, small);
  scale(small, large);
  CHECK(psnr_y(*frame.picture, *frame.picture) == Approx(128));
  CHECK(psnr_y(*frame.picture, large) > 30);
}

}  // namespace diemcau::codecs
