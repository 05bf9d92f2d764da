// One way in for every text: nothing reaches a report that did not go through escaped().
#include "sim/html.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "core/base/check.h"

namespace diemcau::sim {

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: {
        const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
        out += control || c == 0x7F ? ' ' : c;
      }
    }
  }
  return out;
}

std::string number(double value, int digits, Language language) {
  std::array<char, 352> text{};  // the largest double has 309 digits
  std::snprintf(text.data(), text.size(), "%.*f", digits, std::abs(value));
  const std::string_view plain = text.data();
  const std::size_t whole = std::min(plain.find('.'), plain.size());
  std::string out;
  // −0,0 would puzzle a reader.
  if (value < 0 && plain.find_first_of("123456789") != plain.npos) out = "−";
  for (std::size_t i = 0; i < plain.size(); ++i) {
    // Four digits read well without.
    if (i > 0 && i < whole && whole > 4 && (whole - i) % 3 == 0)
      out += language == Language::vi ? '.' : ',';
    out += plain[i] == '.' && language == Language::vi ? ',' : plain[i];
  }
  return out;
}

std::string filled(const Words& words, Language language,
                   std::initializer_list<Argument> arguments) {
  const std::string_view text = language == Language::vi ? words.vi : words.en;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '{') {
      out += text[i];
      continue;
    }
    const auto index = static_cast<std::size_t>(text[i + 1] - '0');
    DC_CHECK(index < arguments.size() && text[i + 2] == '}');
    const Argument& a = arguments.begin()[index];
    if (const auto* f = std::get_if<Figure>(&a)) {
      out += number(f->value, f->digits, language);
    } else if (const auto* s = std::get_if<Spoken>(&a)) {
      out += language == Language::vi ? s->vi : s->en;
    } else {
      out += std::get<std::string>(a);
    }
    i += 2;
  }
  return escaped(out);
}

std::string both(const char* tag, const Words& words, std::initializer_list<Argument> arguments) {
  const std::string t = tag;
  return "<" + t + ">" + filled(words, Language::vi, arguments) + "</" + t +
         ">\n<p class=\"en\" lang=\"en\">" + filled(words, Language::en, arguments) + "</p>\n";
}

std::string two_line(const Words& words) { return std::string(words.vi) + " · " + words.en; }

std::string beside(const Words& words) {
  return escaped(words.vi) + " <span class=\"en\" lang=\"en\">" + escaped(words.en) + "</span>";
}

}  // namespace diemcau::sim
