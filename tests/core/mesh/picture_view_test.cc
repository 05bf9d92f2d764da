#include "core/mesh/picture_view.h"

#include <catch2/catch.hpp>

using namespace diemcau;
using namespace diemcau::mesh;

namespace {

constexpr Timestamp kCaptured = timestamp_from_ns(5'000'000'000);

PictureView showing(Layer layer) {
  PictureView view(Source::camera);
  view.shown = view.viewed = layer;
  view.shown_captured_at = kCaptured;
  return view;
}

}  // namespace

TEST_CASE("The picture on show is not shown again when a better layer has it as well",
          "[core][mesh]") {
  const PictureView view = showing(Layer::lo);
  for (const Duration apart : {Duration{-33us}, Duration{0us}, Duration{33us}})
    CHECK_FALSE(view.shows(Layer::hi, kCaptured + apart, false));
  CHECK(view.shows(Layer::hi, kCaptured + 16ms, false));  // of 60 a second, the next
}

TEST_CASE("A lesser layer is shown when the better one has had no picture for two",
          "[core][mesh]") {
  const PictureView view = showing(Layer::hi);
  CHECK_FALSE(view.shows(Layer::lo, kCaptured + 67ms, false));
  CHECK(view.shows(Layer::lo, kCaptured + 100ms, false));
  // At half the picture rate the next one may still come.
  CHECK_FALSE(view.shows(Layer::lo, kCaptured + 100ms, true));
}
