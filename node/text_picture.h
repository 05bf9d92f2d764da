// UTF-8 text to a grey picture: names of bridges in NFC, shaped by HarfBuzz, drawn by FreeType.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace diemcau::node {

// Coverage per pixel, 0 nothing … 255 ink, row by row without padding.
struct TextPicture {
  int width = 0;
  int height = 0;
  int missing_glyphs = 0;  // characters that the font cannot draw
  std::vector<std::uint8_t> alpha;
};

// Holds one face and the pictures drawn so far (at most 256). One thread at a time.
class TextPainter {
 public:
  // Uses DejaVu Sans; throws std::runtime_error naming the package when it is not installed.
  TextPainter();
  ~TextPainter();
  TextPainter(const TextPainter&) = delete;
  TextPainter& operator=(const TextPainter&) = delete;

  // One line of text, `pixels` high; cut with an ellipsis to `max_width` (0: no limit). The
  // reference holds until the next call.
  const TextPicture& draw(std::string_view utf8, int pixels, int max_width = 0);

 private:
  struct Face;
  std::unique_ptr<Face> face_;
  std::map<std::pair<std::string, std::pair<int, int>>, TextPicture> drawn_;
};

}  // namespace diemcau::node
