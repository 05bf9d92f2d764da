#include "codecs/picture.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "core/base/check.h"

namespace diemcau::codecs {

Picture::Picture(int w, int h) : width(w), height(h) {
  DC_CHECK(w >= 2 && h >= 2 && w <= kMaxSide && h <= kMaxSide && w % 2 == 0 && h % 2 == 0);
  bytes.resize(luma_size() + 2 * chroma_size());
}

void fill(Picture& picture, std::uint8_t y, std::uint8_t u, std::uint8_t v) {
  std::fill_n(picture.y(), picture.luma_size(), y);
  std::fill_n(picture.u(), picture.chroma_size(), u);
  std::fill_n(picture.v(), picture.chroma_size(), v);
}

struct PicturePool::Shelf {
  // More than this many at rest means that a consumer was slow once; they are freed.
  static constexpr std::size_t kMost = 16;

  std::mutex mutex;
  std::vector<std::unique_ptr<Picture>> free;

  std::unique_ptr<Picture> find(int width, int height) {
    const std::lock_guard lock(mutex);
    while (!free.empty()) {
      std::unique_ptr<Picture> picture = std::move(free.back());
      free.pop_back();
      if (picture->width == width && picture->height == height) return picture;
    }
    return nullptr;
  }
  void put(std::unique_ptr<Picture> picture) {
    const std::lock_guard lock(mutex);
    if (free.size() < kMost) free.push_back(std::move(picture));
  }
};

PicturePool::PicturePool() : shelf_(std::make_shared<Shelf>()) {}

std::shared_ptr<Picture> PicturePool::take(int width, int height) {
  std::unique_ptr<Picture> picture = shelf_->find(width, height);
  if (!picture) picture = std::make_unique<Picture>(width, height);
  return {picture.release(),
          [shelf = shelf_](Picture* p) { shelf->put(std::unique_ptr<Picture>(p)); }};
}

}  // namespace diemcau::codecs
