// Glyphs are random dots: no two are alike in fewer than nine dots, which is what letters are to an
// eye.
#include "codecs/generated_page.h"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>

#include "codecs/generated_picture.h"
#include "codecs/generated_source.h"
#include "core/base/check.h"
#include "core/base/rng.h"

namespace diemcau::codecs {
namespace {

constexpr int kDotColumns = 5, kDotRows = 7, kDot = 2;
constexpr int kCellWidth = 12, kCellHeight = 18;
constexpr int kLeft = (kPageWidth - kPageColumns * kCellWidth) / 2;
constexpr int kTop = kPageHeight * kCodeRows / kGridRows + 16;
constexpr std::uint8_t kPaper = 235, kInk = 16;
constexpr int kFps = 10;
constexpr int kLeastApart = 9;
static_assert(kTop + kPageRows * kCellHeight <= kPageHeight);

using Dots = std::uint64_t;  // kDotColumns × kDotRows bits
constexpr Dots kAllDots = (Dots{1} << (kDotColumns * kDotRows)) - 1;

// Half of the dots are ink, as in print of that size.
const std::array<Dots, kPageGlyphs>& glyphs() {
  static const std::array<Dots, kPageGlyphs> kGlyphs = [] {
    std::array<Dots, kPageGlyphs> all{};
    Rng rng(20'26);
    std::size_t made = 1;  // 0 is empty
    while (made < all.size()) {
      const Dots dots = (Dots{rng.next_u32()} << 32 | rng.next_u32()) & kAllDots;
      const int ink = std::popcount(dots);
      const bool fits = ink >= 12 && ink <= 22;
      const bool apart =
          std::none_of(all.begin() + 1, all.begin() + static_cast<int>(made),
                       [dots](Dots d) { return std::popcount(d ^ dots) < kLeastApart; });
      if (fits && apart) all[made++] = dots;
    }
    return all;
  }();
  return kGlyphs;
}

std::uint32_t mixed(std::uint32_t n) {
  n = (n ^ n >> 16) * 0x7FEB352DU;
  n = (n ^ n >> 15) * 0x846CA68BU;
  return n ^ n >> 16;
}

struct Corner {
  int x, y;
};
Corner corner(int column, int row) {
  return {kLeft + column * kCellWidth, kTop + row * kCellHeight};
}

template <typename Visit>  // (x, y, ink) of each dot
void for_each_dot(Dots glyph, Corner at, Visit visit) {
  for (int i = 0; i < kDotColumns * kDotRows; ++i)
    visit(at.x + i % kDotColumns * kDot, at.y + i / kDotColumns * kDot, (glyph >> i & 1) != 0);
}

// How much darker the glyph's ink is than the paper between it: its likeness.
int contrast(const Picture& picture, Dots glyph, Corner at) {
  int ink = 0, paper = 0, inked = 0;
  for_each_dot(glyph, at, [&](int x, int y, bool is_ink) {
    const std::uint8_t* pixel = picture.y() + std::ptrdiff_t{y} * picture.width + x;
    const int sum = pixel[0] + pixel[1] + pixel[picture.width] + pixel[picture.width + 1];
    (is_ink ? ink : paper) += sum;
    inked += is_ink ? 1 : 0;
  });
  return paper / (kDotColumns * kDotRows - inked) - ink / inked;
}

class PageSource final : public MediaSource {
 public:
  explicit PageSource(const GeneratedPagesSettings& s) : settings_(s), clock_(s.pacing, s.start) {
    tick_ = (to_ns(clock_.now()) + to_ns(kInterval) - 1) / to_ns(kInterval);
  }

  bool has_video() const override { return true; }
  bool has_audio() const override { return false; }
  int fps() const override { return kFps; }
  void stop() override { clock_.stop(); }

  std::optional<MediaEvent> next() override {
    const std::int64_t now = to_ns(clock_.now()) / to_ns(kInterval);
    tick_ = std::max(tick_, now);  // the machine slept
    const Timestamp at{tick_ * kInterval};
    const auto page =
        static_cast<std::uint32_t>(at.time_since_epoch() / settings_.turn_every % kCodeNumbers);
    if (!picture_ || page != page_) {
      picture_ = pictures_.take(kPageWidth, kPageHeight);
      paint_page(*picture_, page_ = page);
    }
    if (!clock_.wait_until(at)) return std::nullopt;
    return VideoFrame{picture_, at, static_cast<std::uint64_t>(tick_++)};
  }

 private:
  static constexpr Duration kInterval{1'000'000'000 / kFps};
  GeneratedPagesSettings settings_;
  CaptureClock clock_;
  PicturePool pictures_;
  std::shared_ptr<Picture> picture_;
  std::uint32_t page_ = 0;
  std::int64_t tick_ = 0;
};

}  // namespace

std::uint32_t page_glyph(std::uint32_t page, int column, int row) {
  const std::uint32_t line = mixed(page * 64U + static_cast<std::uint32_t>(row));
  if (column >= static_cast<int>(kPageColumns / 2 + line % 64)) return 0;  // its end
  if (column % 6 == 5) return 0;                                           // between words
  return 1 + mixed(line + static_cast<std::uint32_t>(column)) % (kPageGlyphs - 1);
}

void paint_page(Picture& to, std::uint32_t page) {
  DC_CHECK(to.width == kPageWidth && to.height == kPageHeight && page < kCodeNumbers);
  fill(to, kPaper, 128, 128);
  paint_code(to, page);
  for (int row = 0; row < kPageRows; ++row) {
    for (int column = 0; column < kPageColumns; ++column) {
      const std::uint32_t glyph = page_glyph(page, column, row);
      for_each_dot(glyphs()[glyph], corner(column, row), [&to](int x, int y, bool ink) {
        if (!ink) return;
        std::uint8_t* pixel = to.y() + std::ptrdiff_t{y} * to.width + x;
        pixel[0] = pixel[1] = pixel[to.width] = pixel[to.width + 1] = kInk;
      });
    }
  }
}

std::uint32_t legible_permille(const Picture& picture, std::uint32_t page) {
  DC_CHECK(picture.width == kPageWidth && picture.height == kPageHeight);
  std::uint32_t there = 0, read = 0;
  for (int row = 0; row < kPageRows; ++row) {
    for (int column = 0; column < kPageColumns; ++column) {
      const std::uint32_t glyph = page_glyph(page, column, row);
      if (glyph == 0) continue;
      ++there;
      std::uint32_t likest = 1;
      int best = contrast(picture, glyphs()[1], corner(column, row));
      for (std::uint32_t g = 2; g < kPageGlyphs; ++g) {
        const int here = contrast(picture, glyphs()[g], corner(column, row));
        if (here > best) best = here, likest = g;
      }
      if (likest == glyph && best > 0) ++read;
    }
  }
  return read * 1000 / there;
}

std::unique_ptr<MediaSource> make_generated_pages(const GeneratedPagesSettings& settings) {
  if (settings.turn_every < 1s)
    throw std::runtime_error("The generated document turns a page every second at most.");
  return std::make_unique<PageSource>(settings);
}

}  // namespace diemcau::codecs
