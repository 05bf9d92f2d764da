// Names of streams and addresses.
#include "core/units/ids.h"

#include <catch2/catch.hpp>
#include <type_traits>

using namespace diemcau;

static_assert(!std::is_convertible_v<PeerId, PathId>, "ids of different things do not mix");

TEST_CASE("an IPv4 endpoint is held as an IPv4-mapped IPv6 address", "[units]") {
  const Endpoint e = Endpoint::v4(0xC000'0201, 32853);
  CHECK(e.is_v4());
  CHECK(e.ip ==
        std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1});
  CHECK(e.port == 32853);
}

TEST_CASE("an IPv6 endpoint is not taken for IPv4", "[units]") {
  Endpoint e;
  e.ip[0] = 0x20;
  e.ip[10] = e.ip[11] = 0xFF;
  CHECK_FALSE(e.is_v4());
  CHECK_FALSE(Endpoint{}.is_v4());
}

TEST_CASE("streams differ by origin, source and layer", "[units]") {
  const StreamId a{PeerId{1}, Source::camera, Layer::hi};
  CHECK(a == StreamId{PeerId{1}, Source::camera, Layer::hi});
  CHECK(a != StreamId{PeerId{2}, Source::camera, Layer::hi});
  CHECK(a != StreamId{PeerId{1}, Source::document, Layer::hi});
  CHECK(a != StreamId{PeerId{1}, Source::camera, Layer::mid});
  CHECK(media_of(Source::microphone) == MediaKind::audio);
  CHECK(media_of(Source::document) == MediaKind::video);
}
