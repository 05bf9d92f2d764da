// Text that is safe inside HTML, SVG and XML, and numbers as people of either language write them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "sim/report_texts.h"

namespace diemcau::sim {

enum class Language : std::uint8_t { vi, en };

// < > & " ' become entities; control characters, which XML forbids, become spaces.
std::string escaped(std::string_view text);

// "1234,5" in Vietnamese, "1234.5" in English; from five digits on in groups of three; a minus sign
// is U+2212.
std::string number(double value, int digits, Language language = Language::vi);

struct Figure {
  double value;
  int digits = 0;
};
// A text that differs between the languages.
struct Spoken {
  std::string vi, en;
};
using Argument = std::variant<std::string, Figure, Spoken>;

// The sentence with its {0}, {1}, … filled in, escaped.
std::string filled(const Words& words, Language language,
                   std::initializer_list<Argument> arguments = {});
// Both languages, English beneath: <TAG>…</TAG><p class="en" lang="en">…</p>.
std::string both(const char* tag, const Words& words,
                 std::initializer_list<Argument> arguments = {});
// Both languages for a drawing, not escaped: "Tốt · Good".
std::string two_line(const Words& words);
// Both languages on one line: "Tốt<span class="en" lang="en">Good</span>".
std::string beside(const Words& words);

}  // namespace diemcau::sim
