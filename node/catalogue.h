// Everything that operators read, in Vietnamese and English, from one table.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "node/catalogue_texts.h"

namespace diemcau::node {

enum class Language : std::uint8_t { vi, en };

// "vi" or "en".
std::optional<Language> parse_language(std::string_view text);
// By LC_ALL, LC_MESSAGES, LANG: Vietnamese when the first that is set begins with "vi".
Language language_of_environment();

// The same sentence in both languages: where it is made, nobody knows yet who will read it.
struct Sentence {
  std::string vi, en;
  const std::string& in(Language language) const { return language == Language::vi ? vi : en; }
};

namespace catalogue {
// An argument that is itself a sentence appears in the language of the whole.
template <typename T>
const T& pick(Language, const T& value) {
  return value;
}
inline const std::string& pick(Language language, const Sentence& value) {
  return value.in(language);
}
template <typename T>
using Shown = std::conditional_t<std::is_same_v<T, Sentence>, std::string, T>;

constexpr std::size_t index(Text id) { return static_cast<std::size_t>(id); }
}  // namespace catalogue

// Formats are checked against their arguments when compiled, in both languages.
template <Text id, typename... Args>
std::string say(Language language, const Args&... args) {
  using Format = fmt::format_string<const catalogue::Shown<Args>&...>;
  constexpr const TextRow& row = kTexts[catalogue::index(id)];
  if (language == Language::vi)
    return fmt::format(Format{row.vi}, catalogue::pick(language, args)...);
  return fmt::format(Format{row.en}, catalogue::pick(language, args)...);
}

template <Text id, typename... Args>
Sentence sentence(const Args&... args) {
  return {say<id>(Language::vi, args...), say<id>(Language::en, args...)};
}

// What the operator or the machine did at start: one sentence with the remedy, up to main.
class OperatorError : public std::runtime_error {
 public:
  explicit OperatorError(Sentence what) : std::runtime_error(what.en), sentence_(std::move(what)) {}
  const std::string& in(Language language) const { return sentence_.in(language); }
  const Sentence& whole() const { return sentence_; }

 private:
  Sentence sentence_;
};

template <Text id, typename... Args>
[[noreturn]] void fail(const Args&... args) {
  throw OperatorError(sentence<id>(args...));
}

}  // namespace diemcau::node
