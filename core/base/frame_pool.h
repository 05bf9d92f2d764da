// Pooled buffers for assembled video frames, shared by decoder and record, on core's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/base/check.h"

namespace diemcau {

class FramePool;

// An access unit in Annex B form. `length` counts RTP payload bytes and is right even when the
// bytes are elided.
struct Frame {
  std::vector<std::uint8_t> bytes;
  std::uint32_t length = 0;

 private:
  friend class FrameRef;
  friend class FramePool;
  FramePool* pool = nullptr;
  std::uint32_t refs = 0;
};

class FrameRef {
 public:
  FrameRef() = default;
  FrameRef(const FrameRef& o) : frame_(o.frame_) {
    if (frame_) ++frame_->refs;
  }
  FrameRef(FrameRef&& o) noexcept : frame_(std::exchange(o.frame_, nullptr)) {}
  FrameRef& operator=(FrameRef o) noexcept {
    std::swap(frame_, o.frame_);
    return *this;
  }
  ~FrameRef() { release(); }
  explicit operator bool() const { return frame_ != nullptr; }
  Frame* operator->() const { return frame_; }
  Frame& operator*() const { return *frame_; }

 private:
  friend class FramePool;
  explicit FrameRef(Frame* f) : frame_(f) { ++frame_->refs; }
  void release();
  Frame* frame_ = nullptr;
};

// Frames keep the capacity they grew to. Must outlive every FrameRef it gave.
class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() { DC_CHECK(free_.size() == frames_.size()); }

  FrameRef take() {
    if (free_.empty()) {
      frames_.push_back(std::make_unique<Frame>());
      frames_.back()->pool = this;
      free_.reserve(frames_.size());
      free_.push_back(frames_.back().get());
    }
    Frame* frame = free_.back();
    free_.pop_back();
    frame->bytes.clear();
    frame->length = 0;
    return FrameRef{frame};
  }
  std::size_t total() const { return frames_.size(); }

 private:
  friend class FrameRef;
  std::vector<std::unique_ptr<Frame>> frames_;
  std::vector<Frame*> free_;
};

inline void FrameRef::release() {
  if (frame_ && --frame_->refs == 0) frame_->pool->free_.push_back(frame_);
  frame_ = nullptr;
}

}  // namespace diemcau
