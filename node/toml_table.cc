// toml++ lives here and nowhere else in node.
#include "node/toml_table.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/base/check.h"
#include "node/address.h"

namespace diemcau::node {

struct TomlTable::Node {
  std::shared_ptr<const toml::table> document;
  const toml::table* table;
};

namespace {

constexpr std::size_t kLargestText = 1 << 20;
constexpr std::size_t kLongestShown = 60;  // characters of a value that an error repeats

Sentence type_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return sentence<Text::a_table>();
    case toml::node_type::array: return sentence<Text::a_list>();
    case toml::node_type::string: return sentence<Text::a_text>();
    case toml::node_type::integer: return sentence<Text::a_whole_number>();
    case toml::node_type::floating_point: return sentence<Text::a_decimal_number>();
    case toml::node_type::boolean: return sentence<Text::a_yes_or_no>();
    default: return sentence<Text::a_date>();
  }
}

// Levenshtein's distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t k = 0; k <= b.size(); ++k) row[k] = k;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const std::size_t changed = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
      diagonal = row[k];
      row[k] = std::min({row[k] + 1, row[k - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

std::string shown(const std::string& value) {
  if (value.size() <= kLongestShown) return "\"" + value + "\"";
  std::size_t end = kLongestShown;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U) --end;
  return "\"" + value.substr(0, end) + "…\"";
}

template <typename T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string read_text_file(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    fail<Text::file_unreadable>(file.string(), std::strerror(EISDIR));
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) fail<Text::file_unreadable>(file.string(), std::strerror(errno != 0 ? errno : ENOENT));
  std::string text(kLargestText + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) fail<Text::file_unreadable>(file.string(), std::strerror(EIO));
  if (text.size() > kLargestText) fail<Text::file_too_large>(file.string());
  return text;
}

std::optional<Bitrate> parse_bitrate(std::string_view text) {
  static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"kbit/s", 1'000}, {"Mbit/s", 1'000'000}, {"Gbit/s", 1'000'000'000}, {"bit/s", 1}};
  for (const auto& [unit, scale] : kUnits) {
    if (!text.ends_with(unit)) continue;
    std::string_view number = text.substr(0, text.size() - unit.size());
    while (number.ends_with(' ')) number.remove_suffix(1);
    const std::size_t point = number.find('.');
    const auto whole = whole_number<std::uint32_t>(number.substr(0, point));
    if (!whole) return std::nullopt;
    std::int64_t value = std::int64_t{*whole} * scale;
    if (point != std::string_view::npos) {
      const std::string_view digits = number.substr(point + 1);
      std::int64_t worth = scale;
      if (digits.empty()) return std::nullopt;
      for (const char digit : digits) {
        if (digit < '0' || digit > '9' || worth % 10 != 0) return std::nullopt;
        worth /= 10;
        value += (digit - '0') * worth;
      }
    }
    return Bitrate::bps(value);
  }
  return std::nullopt;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t d = distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

TomlTable TomlTable::parse(std::string_view text, const std::filesystem::path& file) {
  try {
    auto document =
        std::make_shared<const toml::table>(toml::parse(text, std::string_view{file.native()}));
    const toml::table* table = document.get();
    return TomlTable{std::make_shared<const Node>(Node{std::move(document), table}), file, ""};
  } catch (const toml::parse_error& e) {
    fail<Text::toml_syntax>(fmt::format("{}:{}", file.string(), e.source().begin.line),
                            std::string{e.description()});
  }
}

unsigned TomlTable::line() const {
  return std::max<unsigned>(1, static_cast<unsigned>(node_->table->source().begin.line));
}

std::string TomlTable::quoted(const std::string& key) const {
  return name_.empty() ? key : name_ + "." + key;
}

std::string TomlTable::place(const std::string& key) const {
  unsigned at = line();
  for (const auto& [k, value] : *node_->table) {
    if (k.str() == key) at = static_cast<unsigned>(k.source().begin.line);
  }
  return fmt::format("{}:{}", file_.string(), at);
}

void TomlTable::refuse(const std::string& key, const std::string& value,
                       const Sentence& wanted) const {
  fail<Text::setting_refused>(place(key), quoted(key), shown(value), wanted);
}

void TomlTable::missing(const std::string& key, const std::string& example) const {
  fail<Text::setting_missing>(place(key), quoted(key), example);
}

bool TomlTable::has(const std::string& key) const { return node_->table->contains(key); }

std::optional<TomlTable> TomlTable::table(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (node == nullptr) return std::nullopt;
  const toml::table* table = node->as_table();
  if (table == nullptr)
    fail<Text::setting_refused>(place(key), quoted(key), type_of(*node),
                                sentence<Text::want_table>(quoted(key)));
  return TomlTable{std::make_shared<const Node>(Node{node_->document, table}), file_, quoted(key)};
}

std::vector<TomlTable> TomlTable::tables(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (node == nullptr) return {};
  std::vector<TomlTable> out;
  const toml::array* list = node->as_array();
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const toml::table* table = (*list)[i].as_table();
    if (table == nullptr) break;
    out.push_back(
        TomlTable{std::make_shared<const Node>(Node{node_->document, table}), file_, quoted(key)});
  }
  if (list == nullptr || out.size() != list->size())
    fail<Text::setting_refused>(place(key), quoted(key), type_of(*node),
                                sentence<Text::want_tables>(quoted(key)));
  return out;
}

std::optional<std::string> TomlTable::text(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (node == nullptr) return std::nullopt;
  auto value = node->value_exact<std::string>();
  if (!value)
    fail<Text::setting_refused>(place(key), quoted(key), type_of(*node),
                                sentence<Text::want_text>());
  return value;
}

std::optional<std::vector<std::string>> TomlTable::texts(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (node == nullptr) return std::nullopt;
  std::vector<std::string> out;
  const toml::array* list = node->as_array();
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    auto value = (*list)[i].value_exact<std::string>();
    if (!value) break;
    out.push_back(std::move(*value));
  }
  if (list == nullptr || out.size() != list->size())
    fail<Text::setting_refused>(place(key), quoted(key), type_of(*node),
                                sentence<Text::want_texts>());
  return out;
}

std::optional<bool> TomlTable::flag(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (node == nullptr) return std::nullopt;
  const auto value = node->value_exact<bool>();
  if (!value)
    fail<Text::setting_refused>(place(key), quoted(key), type_of(*node),
                                sentence<Text::want_flag>());
  return value;
}

std::optional<std::int64_t> TomlTable::integer(const std::string& key, std::int64_t least,
                                               std::int64_t most) const {
  const toml::node* node = node_->table->get(key);
  if (node == nullptr) return std::nullopt;
  const auto value = node->value_exact<std::int64_t>();
  const Sentence wanted = sentence<Text::want_whole_number>(least, most);
  if (!value) fail<Text::setting_refused>(place(key), quoted(key), type_of(*node), wanted);
  if (*value < least || *value > most)
    fail<Text::setting_refused>(place(key), quoted(key), *value, wanted);
  return value;
}

std::optional<Bitrate> TomlTable::bitrate(const std::string& key) const {
  const auto written = text(key);
  if (!written) return std::nullopt;
  const auto rate = parse_bitrate(*written);
  if (!rate || *rate < Bitrate::kbps(1) || *rate > Bitrate::kbps(100'000'000))
    refuse(key, *written, sentence<Text::want_rate>());
  return rate;
}

std::optional<std::pair<int, int>> TomlTable::size(const std::string& key) const {
  const auto written = text(key);
  if (!written) return std::nullopt;
  const std::size_t x = written->find('x');
  if (x != std::string::npos) {
    const auto width = whole_number<int>(std::string_view{*written}.substr(0, x));
    const auto height = whole_number<int>(std::string_view{*written}.substr(x + 1));
    if (width && height && *width >= 16 && *width <= 3840 && *height >= 16 && *height <= 2160 &&
        *width % 2 == 0 && *height % 2 == 0) {
      return std::pair{*width, *height};
    }
  }
  refuse(key, *written, sentence<Text::want_size>());
}

std::optional<Endpoint> TomlTable::address(const std::string& key) const {
  const auto written = text(key);
  if (!written) return std::nullopt;
  const auto endpoint = parse_address(*written);
  if (!endpoint) refuse(key, *written, sentence<Text::want_address>());
  return endpoint;
}

std::optional<std::filesystem::path> TomlTable::path(const std::string& key) const {
  const auto written = text(key);
  if (!written) return std::nullopt;
  if (written->empty()) refuse(key, *written, sentence<Text::want_path>());
  return file_.parent_path() / *written;
}

std::string TomlTable::required_text(const std::string& key, const std::string& example) const {
  auto value = text(key);
  if (!value) missing(key, example);
  return std::move(*value);
}

void TomlTable::allow_only(const std::vector<std::string>& known) const {
  // The first by line, not by name, is the one that a reader of the file meets.
  const toml::key* first = nullptr;
  for (const auto& [key, value] : *node_->table) {
    if (std::find(known.begin(), known.end(), std::string{key.str()}) != known.end()) continue;
    if (first == nullptr || key.source().begin < first->source().begin) first = &key;
  }
  if (first == nullptr) return;
  const std::string name{first->str()};
  if (const auto near = nearest(name, known))
    fail<Text::setting_unknown_near>(place(name), quoted(name), quoted(*near));
  fail<Text::setting_unknown>(place(name), quoted(name), fmt::format("{}", fmt::join(known, ", ")));
}

}  // namespace diemcau::node
