// Things under way, named by the 32-bit payload of their event; storage is reused.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/check.h"

namespace diemcau::sim {

template <typename T>
class Slots {
 public:
  std::uint32_t put(T&& value) {
    const std::uint32_t at = place();
    values_[at] = std::move(value);
    return at;
  }
  // One to be filled in where it stays, every field of it: it may be one that was moved from.
  std::uint32_t place() {
    if (free_.empty()) {
      values_.emplace_back();
      return static_cast<std::uint32_t>(values_.size() - 1);
    }
    const std::uint32_t at = free_.back();
    free_.pop_back();
    return at;
  }
  T& operator[](std::uint32_t at) { return values_[at]; }
  const T& operator[](std::uint32_t at) const { return values_[at]; }
  // What is moved from holds nothing any more.
  T take(std::uint32_t at) {
    free_.push_back(at);
    return std::move(values_[at]);
  }
  std::size_t in_use() const { return values_.size() - free_.size(); }

 private:
  std::vector<T> values_;
  std::vector<std::uint32_t> free_;
};

}  // namespace diemcau::sim
