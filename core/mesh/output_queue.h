// The outputs that wait to be polled: a queue that keeps its memory, shared by the parts of one
// bridge.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/mesh/boundary.h"

namespace diemcau::mesh {

class OutputQueue {
 public:
  template <typename T>
  void push(T&& output) {
    items_.emplace_back(std::forward<T>(output));
  }
  std::optional<Output> pop() {
    if (head_ == items_.size()) {
      items_.clear();  // keeps the capacity
      head_ = 0;
      return std::nullopt;
    }
    return std::move(items_[head_++]);
  }
  bool empty() const { return head_ == items_.size(); }

 private:
  std::vector<Output> items_;
  std::size_t head_ = 0;
};

}  // namespace diemcau::mesh
