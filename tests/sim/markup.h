// What a strict reader would object to in HTML or XML: tags that do not match, characters that
// should have been escaped.
#pragma once

#include <string>
#include <vector>

namespace diemcau::sim {

// Empty when `text` is well formed.
inline std::string markup_complaint(const std::string& text) {
  std::vector<std::string> open;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&') {
      const std::size_t end = text.find(';', i);
      if (end == std::string::npos || end - i > 7) return "bare & at " + text.substr(i, 40);
    }
    if (text[i] != '<') continue;
    const std::size_t end = text.find('>', i);
    if (end == std::string::npos) return "no end of " + text.substr(i, 40);
    const std::string tag = text.substr(i + 1, end - i - 1);
    if (tag.find('<') != std::string::npos) return "bare < at " + text.substr(i, 40);
    i = end;
    if (tag[0] == '!' || tag[0] == '?' || tag.back() == '/') continue;
    if (tag[0] != '/') {
      open.push_back(tag.substr(0, tag.find_first_of(" \n")));
      continue;
    }
    if (open.empty() || open.back() != tag.substr(1))
      return "<" + tag + "> closes " + (open.empty() ? "nothing" : open.back());
    open.pop_back();
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace diemcau::sim
