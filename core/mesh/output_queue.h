// The outputs that wait to be polled: a queue that keeps its memory, shared by the parts of one
// bridge.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/mesh/boundary.h"

namespace diemcau::mesh {

class OutputQueue {
 public:
  template <typename T>
  void push(T&& output) {
    items_.emplace_back(std::forward<T>(output));
    ++size_;
  }
  // Null when there is none; it stands until the next push, or the pop that finds none.
  Output* pop() {
    if (head_ < size_) return &items_[head_++];
    items_.clear();  // keeps the capacity
    head_ = size_ = 0;
    return nullptr;
  }
  bool empty() const { return head_ == size_; }

 private:
  std::vector<Output> items_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;  // of items_, at hand
};

}  // namespace diemcau::mesh
