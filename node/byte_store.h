// Buffers for bytes that cross threads, used again and again: no allocation per frame once warm.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/byte_reader.h"

namespace diemcau::node {

// Keeps at most `limit` buffers with the capacity they grew to. Any thread.
class ByteStore {
 public:
  explicit ByteStore(std::size_t limit = 128) : limit_(limit) { free_.reserve(limit); }

  std::vector<std::uint8_t> copy(ByteSpan bytes) {
    std::vector<std::uint8_t> buffer;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        buffer = std::move(free_.back());
        free_.pop_back();
      }
    }
    buffer.assign(bytes.begin(), bytes.end());
    return buffer;
  }
  void give_back(std::vector<std::uint8_t> buffer) {
    const std::lock_guard lock(mutex_);
    if (free_.size() < limit_) free_.push_back(std::move(buffer));
  }

 private:
  std::mutex mutex_;
  std::vector<std::vector<std::uint8_t>> free_;
  const std::size_t limit_;
};

}  // namespace diemcau::node
