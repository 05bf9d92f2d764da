// What a peer or the network did wrong, as a value: spelled like std::expected, which GCC 12 has
// only in C++23.
#pragma once

#include <utility>
#include <variant>

#include "core/base/check.h"

namespace diemcau {

template <typename E>
struct Unexpected {
  E error;
};
template <typename E>
Unexpected(E) -> Unexpected<E>;

template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  constexpr Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  constexpr Result(Unexpected<E> e) : state_(std::in_place_index<1>, std::move(e.error)) {}

  constexpr bool has_value() const { return state_.index() == 0; }
  constexpr explicit operator bool() const { return has_value(); }
  constexpr T& value() & {
    DC_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  constexpr const T& value() const& {
    DC_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  constexpr T&& value() && {
    DC_CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  constexpr const E& error() const {
    DC_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }
  constexpr T& operator*() & { return value(); }
  constexpr const T& operator*() const& { return value(); }
  constexpr T&& operator*() && { return std::move(*this).value(); }
  constexpr T* operator->() { return &value(); }
  constexpr const T* operator->() const { return &value(); }

 private:
  std::variant<T, E> state_;
};

}  // namespace diemcau
