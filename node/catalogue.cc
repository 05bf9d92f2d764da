// Which language, by settings or environment.
#include "node/catalogue.h"

#include <cstdlib>

namespace diemcau::node {

std::optional<Language> parse_language(std::string_view text) {
  if (text == "vi") return Language::vi;
  if (text == "en") return Language::en;
  return std::nullopt;
}

Language language_of_environment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view{value}.substr(0, 2) == "vi" ? Language::vi : Language::en;
  }
  return Language::en;
}

}  // namespace diemcau::node
