// One way in for every text: nothing reaches a report that did not go through escaped().
#include "sim/html.h"

#include <array>
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
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  std::string out;
  bool all_zero = true;
  for (const char* c = text.data(); *c != 0; ++c) {
    all_zero = all_zero && (*c < '1' || *c > '9');
    if (*c == '-') {
      out += "−";
    } else {
      out += *c == '.' && language == Language::vi ? ',' : *c;
    }
  }
  // −0,0 would puzzle a reader.
  constexpr std::string_view kMinus = "−";
  if (all_zero && out.rfind(kMinus, 0) == 0) out.erase(0, kMinus.size());
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

std::string beside(const Words& words) {
  return escaped(words.vi) + " <span class=\"en\" lang=\"en\">" + escaped(words.en) + "</span>";
}

}  // namespace diemcau::sim
