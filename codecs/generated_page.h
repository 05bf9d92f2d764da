// Pages that do not exist, made so that a program can say how much of one can be read.
//
// Picture. Rows 0 and 1 of a grid of 16 columns and 9 rows hold the code of generated_source.h,
// whose number is the page's. Below, black on white paper, stand lines of text: kPageColumns cells
// a line, each empty or one of kPageGlyphs glyphs of 5 by 7 dots, two pixels a dot at 720 lines.
// Which glyph stands where follows from the page's number alone, so whoever knows the number can
// look a page up.
#pragma once

#include <cstdint>
#include <memory>

#include "codecs/media_source.h"
#include "codecs/picture.h"

namespace diemcau::codecs {

constexpr int kPageWidth = 1280, kPageHeight = 720;
constexpr int kPageColumns = 100, kPageRows = 29;
constexpr std::uint32_t kPageGlyphs = 32;

// The glyph in a cell of a page; 0 is empty, as every sixth cell and the end of some lines are.
std::uint32_t page_glyph(std::uint32_t page, int column, int row);
// kPageWidth × kPageHeight.
void paint_page(Picture& to, std::uint32_t page);
// Of the glyphs of that page, the share, in permille, that are likest to themselves in the picture:
// 1000 / kPageGlyphs on paper that shows something else.
std::uint32_t legible_permille(const Picture& picture, std::uint32_t page);

// Ten pictures a second; a page is turned every `turn_every`, at whole multiples of it of the
// clock.
struct GeneratedPagesSettings {
  Duration turn_every = 10s;
  Pacing pacing = Pacing::real_time;
  Timestamp start{};
};
std::unique_ptr<MediaSource> make_generated_pages(const GeneratedPagesSettings& settings = {});

}  // namespace diemcau::codecs
