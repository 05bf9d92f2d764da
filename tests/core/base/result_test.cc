// Results: a value or what the peer did wrong.
#include "core/base/result.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

using namespace diemcau;

namespace {
enum class Wrong : unsigned char { short_read, nonsense };
Result<int, Wrong> half(int n) {
  if (n % 2 != 0) return Unexpected{Wrong::nonsense};
  return n / 2;
}
}  // namespace

TEST_CASE("a result holds either its value or its error", "[base]") {
  const auto good = half(8);
  REQUIRE(good);
  CHECK(*good == 4);
  const auto bad = half(7);
  REQUIRE_FALSE(bad);
  CHECK(bad.error() == Wrong::nonsense);
}

TEST_CASE("value and error of the same type are told apart", "[base]") {
  const Result<Wrong, Wrong> value(Wrong::nonsense);
  const Result<Wrong, Wrong> error(Unexpected{Wrong::nonsense});
  CHECK(value.has_value());
  CHECK_FALSE(error.has_value());
}

TEST_CASE("a value that cannot be copied moves out of its result", "[base]") {
  Result<std::unique_ptr<std::string>, Wrong> r(std::make_unique<std::string>("điểm cầu"));
  CHECK((*r)->size() == std::string("điểm cầu").size());
  const std::unique_ptr<std::string> out = *std::move(r);
  CHECK(*out == "điểm cầu");
}
