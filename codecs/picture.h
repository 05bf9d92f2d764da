// A picture in planar 4:2:0 (I420, 8 bits, BT.601 limited range unless a source says otherwise),
// and a pool of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace diemcau::codecs {

// Scaling beyond this overflows 16.16 steps (AOMediaCodec/libavif#734), so nothing larger exists.
constexpr int kMaxSide = 4096;

// Sides are even and 2 … kMaxSide; planes lie one after the other without padding.
struct Picture {
  Picture(int width, int height);

  int chroma_width() const { return width / 2; }
  int chroma_height() const { return height / 2; }
  std::size_t luma_size() const { return plane_size(width, height); }
  std::size_t chroma_size() const { return plane_size(chroma_width(), chroma_height()); }
  std::uint8_t* y() { return bytes.data(); }
  std::uint8_t* u() { return bytes.data() + luma_size(); }
  std::uint8_t* v() { return bytes.data() + luma_size() + chroma_size(); }
  const std::uint8_t* y() const { return bytes.data(); }
  const std::uint8_t* u() const { return bytes.data() + luma_size(); }
  const std::uint8_t* v() const { return bytes.data() + luma_size() + chroma_size(); }

  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> bytes;  // Y, U, V

 private:
  static std::size_t plane_size(int w, int h) {
    return static_cast<std::size_t>(w) * static_cast<std::size_t>(h);
  }
};

void fill(Picture& picture, std::uint8_t y, std::uint8_t u, std::uint8_t v);

// Gives pictures of one size and takes them back when their last owner lets go, on any thread; the
// pool may be gone by then. Old content shows through. Fresh pages for every 720p picture would
// cost more than scaling it.
class PicturePool {
 public:
  PicturePool();
  // Sides as in Picture.
  std::shared_ptr<Picture> take(int width, int height);

 private:
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

}  // namespace diemcau::codecs
