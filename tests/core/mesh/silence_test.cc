// Layers whose viewers' lines do not answer.
#include <catch2/catch.hpp>

#include "core/mesh/layer_board.h"

using namespace diemcau;
using namespace diemcau::mesh;

namespace {

const Timestamp t0 = timestamp_from_ns(1'000'000'000);

// Both get hi.
struct TwoViewers {
  static constexpr PeerId kA{0}, kB{1};
  LayerBoard board{4};
  bool a_silent = false, b_silent = false;

  TwoViewers() {
    board.serve(t0, kA, Layer::hi);
    board.serve(t0, kB, Layer::hi);
    board.frame_encoded(t0, Layer::hi, {true});
    while (board.poll()) {
    }
  }
  std::optional<SetEncoder> look() {
    board.look_for_silence(Layer::hi, [this](PeerId p) { return p == kA ? a_silent : b_silent; });
    return board.poll();
  }
};

}  // namespace

TEST_CASE("A layer is held while none of its viewers' lines answers", "[core][mesh]") {
  TwoViewers s;
  s.a_silent = true;
  CHECK_FALSE(s.look());
  s.b_silent = true;
  CHECK(s.look()->hold);
  CHECK_FALSE(s.look());
  s.a_silent = false;
  CHECK_FALSE(s.look()->hold);
}

TEST_CASE("Who comes to a layer that is held has its key frame all the same", "[core][mesh]") {
  TwoViewers s;
  s.a_silent = s.b_silent = true;
  CHECK(s.look()->hold);
  s.board.serve(t0 + 1s, PeerId{2}, Layer::hi);
  CHECK_FALSE(s.look()->hold);
}

TEST_CASE("The held picture is wanted at once when all lines answer together, not for one of two",
          "[core][mesh]") {
  TwoViewers s;
  s.a_silent = s.b_silent = true;
  CHECK_FALSE(s.look()->at_once);
  s.a_silent = false;
  CHECK_FALSE(s.look()->at_once);
  s.a_silent = true;
  CHECK(s.look()->hold);
  s.a_silent = s.b_silent = false;
  CHECK(s.look()->at_once);
  // Once.
  s.board.request_key(t0 + 5s, Layer::hi);
  CHECK_FALSE(s.board.poll()->at_once);
}
