// Normalisation after Unicode Annex 15 (utf8proc), shaping by HarfBuzz, coverage by FreeType.
#include "node/text_picture.h"

#include <ft2build.h>
#include <hb-ft.h>
#include <hb.h>
#include <unistd.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include FT_FREETYPE_H

namespace diemcau::node {

namespace {

constexpr std::size_t kCacheLimit = 256;  // names of a province and the words of the states
constexpr int kLargestPixels = 512;

// Debian's place first, then where other distributions put the same font.
constexpr std::array<const char*, 3> kFontPaths = {
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf"};

const char* font_path() {
  for (const char* path : kFontPaths) {
    if (::access(path, R_OK) == 0) return path;
  }
  throw std::runtime_error(std::string("the font ") + kFontPaths[0] +
                           " is missing: install the package fonts-dejavu-core");
}

// Text that is not UTF-8 becomes one replacement mark, which is honest.
std::string nfc(std::string_view text) {
  utf8proc_uint8_t* out = nullptr;
  const auto length = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(text.size()), &out,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_STRIPCC));
  if (length < 0) return "\xEF\xBF\xBD";
  std::string result(reinterpret_cast<const char*>(out), static_cast<std::size_t>(length));
  std::free(out);  // NOLINT: utf8proc allocates with malloc
  return result;
}

void drop_last_character(std::string& text) {
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U)
    text.pop_back();
  if (!text.empty()) text.pop_back();
}

struct BufferDeleter {
  void operator()(hb_buffer_t* b) const { hb_buffer_destroy(b); }
};
using Shaped = std::unique_ptr<hb_buffer_t, BufferDeleter>;

}  // namespace

struct TextPainter::Face {
  FT_Library library = nullptr;
  FT_Face face = nullptr;
  hb_font_t* font = nullptr;

  Face() {
    const char* path = font_path();
    if (FT_Init_FreeType(&library) != 0) throw std::runtime_error("FreeType does not start");
    if (FT_New_Face(library, path, 0, &face) != 0) {
      FT_Done_FreeType(library);
      throw std::runtime_error(std::string("the font ") + path +
                               " cannot be read: reinstall the package fonts-dejavu-core");
    }
    FT_Set_Pixel_Sizes(face, 0, 16);
    font = hb_ft_font_create(face, nullptr);
    hb_ft_font_set_load_flags(font, FT_LOAD_DEFAULT);
  }
  ~Face() {
    hb_font_destroy(font);
    FT_Done_Face(face);
    FT_Done_FreeType(library);
  }
  Face(const Face&) = delete;
  Face& operator=(const Face&) = delete;

  // The height covers ascender and descender: two marks on one Vietnamese vowel need all of it.
  void set_height(int pixels) {
    const auto line = face->ascender - face->descender;
    const auto em = std::max(1L, static_cast<long>(pixels) * face->units_per_EM / line);
    FT_Set_Pixel_Sizes(face, 0, static_cast<FT_UInt>(em));
    hb_ft_font_changed(font);
  }
  int baseline(int pixels) const {
    const auto line = face->ascender - face->descender;
    return static_cast<int>(static_cast<long>(pixels) * face->ascender / line);
  }

  Shaped shape(const std::string& text) const {
    Shaped buffer{hb_buffer_create()};
    hb_buffer_add_utf8(buffer.get(), text.data(), static_cast<int>(text.size()), 0, -1);
    hb_buffer_guess_segment_properties(buffer.get());
    hb_shape(font, buffer.get(), nullptr, 0);
    return buffer;
  }
  static int width_of(hb_buffer_t* shaped) {
    unsigned count = 0;
    const auto* at = hb_buffer_get_glyph_positions(shaped, &count);
    long width = 0;
    for (unsigned i = 0; i < count; ++i) width += at[i].x_advance;
    return static_cast<int>((width + 63) / 64);
  }

  void paint(hb_buffer_t* shaped, int top, TextPicture& out) const {
    unsigned count = 0;
    const auto* at = hb_buffer_get_glyph_positions(shaped, &count);
    const auto* glyphs = hb_buffer_get_glyph_infos(shaped, &count);
    long pen = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (glyphs[i].codepoint == 0) ++out.missing_glyphs;
      if (FT_Load_Glyph(face, glyphs[i].codepoint, FT_LOAD_RENDER) == 0) {
        const auto* slot = face->glyph;
        blend(slot->bitmap, static_cast<int>((pen + at[i].x_offset) / 64) + slot->bitmap_left,
              top - slot->bitmap_top - static_cast<int>(at[i].y_offset / 64), out);
      }
      pen += at[i].x_advance;
    }
  }
  static void blend(const FT_Bitmap& ink, int left, int top, TextPicture& out) {
    for (int y = 0; y < static_cast<int>(ink.rows); ++y) {
      const int row = top + y;
      if (row < 0 || row >= out.height) continue;
      for (int x = 0; x < static_cast<int>(ink.width); ++x) {
        const int column = left + x;
        if (column < 0 || column >= out.width) continue;
        auto& pixel = out.alpha[static_cast<std::size_t>(row * out.width + column)];
        pixel = std::max(pixel, ink.buffer[y * ink.pitch + x]);
      }
    }
  }
};

TextPainter::TextPainter() : face_(std::make_unique<Face>()) {}
TextPainter::~TextPainter() = default;

const TextPicture& TextPainter::draw(std::string_view utf8, int pixels, int max_width) {
  pixels = std::clamp(pixels, 4, kLargestPixels);
  auto key = std::make_pair(std::string(utf8), std::make_pair(pixels, max_width));
  if (const auto found = drawn_.find(key); found != drawn_.end()) return found->second;
  if (drawn_.size() >= kCacheLimit) drawn_.clear();

  face_->set_height(pixels);
  std::string text = nfc(utf8);
  Shaped shaped = face_->shape(text);
  while (max_width > 0 && Face::width_of(shaped.get()) > max_width && !text.empty()) {
    drop_last_character(text);
    shaped = face_->shape(text + "…");
  }
  TextPicture picture;
  picture.width = std::max(1, Face::width_of(shaped.get()) + 2);  // ink may lean out by a pixel
  picture.height = pixels;
  picture.alpha.assign(static_cast<std::size_t>(picture.width * picture.height), 0);
  face_->paint(shaped.get(), face_->baseline(pixels), picture);
  return drawn_.emplace(std::move(key), std::move(picture)).first->second;
}

}  // namespace diemcau::node
