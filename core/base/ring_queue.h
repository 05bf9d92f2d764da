// A first-in first-out queue on one growing ring: no allocation once it has been as long as it
// gets.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/base/check.h"

namespace diemcau {

// T must be default-constructible, and hold no references when it has been moved from; what is
// dropped is reset, so that it holds none either. One thread at a time.
template <typename T>
class RingQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  T& front() { return at(0); }
  const T& front() const { return at(0); }
  T& at(std::size_t i) { return slots_[index(i)]; }
  const T& at(std::size_t i) const { return slots_[index(i)]; }

  void push(T value) { push() = std::move(value); }
  // Makes one at the end, to be filled in place, every field of it: it may be one that was moved
  // from.
  T& push() {
    if (size_ == slots_.size()) grow();
    return slots_[index(size_++)];
  }
  // Where push() will make one, unless it grows: null, or to be fetched.
  const T* next_place() const { return size_ < slots_.size() ? &slots_[index(size_)] : nullptr; }
  // Puts it before the element at `place`; everything behind moves.
  void insert(std::size_t place, T value) {
    push(std::move(value));
    for (std::size_t i = size_ - 1; i > place; --i) std::swap(at(i), at(i - 1));
  }
  T pop() {
    DC_CHECK(size_ > 0);
    T value = std::move(slots_[head_]);
    drop_moved();
    return value;
  }
  void drop() {
    DC_CHECK(size_ > 0);
    slots_[head_] = T{};
    drop_moved();
  }
  // The front, that the caller has moved from: it holds no references any more.
  void drop_moved() {
    DC_CHECK(size_ > 0);
    --size_;
    // Empty, it begins again on the slots that were used just now.
    head_ = size_ == 0 || head_ + 1 == slots_.size() ? 0 : head_ + 1;
  }
  void clear() {
    while (!empty()) drop();
  }

 private:
  std::size_t index(std::size_t i) const {
    const std::size_t at = head_ + i;
    return at < slots_.size() ? at : at - slots_.size();
  }
  void grow() {
    std::vector<T> bigger(slots_.empty() ? 4 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) bigger[i] = std::move(slots_[index(i)]);
    slots_ = std::move(bigger);
    head_ = 0;
  }
  std::vector<T> slots_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace diemcau
