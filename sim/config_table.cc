// toml++ lives here and nowhere else.
#include "sim/config_table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "sim/scenario_error.h"

// toml++ 3.3 asserts, or in release assumes, things that a damaged file can break ("[[" and an end,
// for one). Compiled in here, and told to throw instead.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#undef NDEBUG
#define TOML_HEADER_ONLY 1
#define TOML_ASSERT(expression) \
  (static_cast<bool>(expression) ? static_cast<void>(0) : ::diemcau::sim::broken_toml())

namespace diemcau::sim {
struct BrokenToml {};
[[noreturn]] static void broken_toml() { throw BrokenToml{}; }
}  // namespace diemcau::sim

// Not at the top: they need what is defined above. Behind a number, most letters beyond ASCII reach
// what toml++ holds for unreachable when it asks whether they are blanks: they are not.
#include <toml++/impl/forward_declarations.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE ::diemcau::sim::broken_toml()
#include <toml++/toml.h>

namespace diemcau::sim {

// A view of a table inside a document that it keeps alive.
struct ConfigTable::Node {
  std::shared_ptr<const toml::table> document;
  const toml::table* table;
  unsigned line;
};

namespace {

// A scenario of the whole province is some kilobytes.
constexpr std::size_t kLargestText = 1 << 20;

std::string type_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a decimal number";
    case toml::node_type::boolean: return "a yes or no";
    default: return "a date or time";
  }
}

std::string in_ms(Duration d) {
  const std::int64_t us = to_us(d);
  if (us % 1'000'000 == 0) return std::to_string(us / 1'000'000) + "s";
  return std::to_string(us / 1000) + "ms";
}

// TOML forbids them, and the parser is careless with them.
void refuse_control_characters(std::string_view text, const std::string& file_name) {
  unsigned line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    const bool allowed = c == '\n' || c == '\r' || c == '\t';
    if ((static_cast<unsigned char>(c) < 0x20 && !allowed) || c == 0x7F)
      throw ScenarioError(file_name, line, "", "has a control character", "save it as plain text");
  }
}

}  // namespace

ConfigTable ConfigTable::parse(std::string_view text, const std::string& file_name) {
  if (text.size() > kLargestText)
    throw ScenarioError(file_name, 0, "", "is larger than 1 MiB", "is it the right file?");
  refuse_control_characters(text, file_name);
  try {
    auto document =
        std::make_shared<const toml::table>(toml::parse(text, std::string_view{file_name}));
    const toml::table* table = document.get();
    return ConfigTable{std::make_shared<const Node>(Node{std::move(document), table, 1}), file_name,
                       ""};
  } catch (const toml::parse_error& e) {
    throw ScenarioError(file_name, static_cast<unsigned>(e.source().begin.line), "",
                        "is not TOML: " + std::string(e.description()),
                        "mend the syntax; text stands in quotes");
  } catch (const BrokenToml&) {
    throw ScenarioError(file_name, 0, "", "is not TOML", "mend the syntax; text stands in quotes");
  }
}

std::string ConfigTable::quoted(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void ConfigTable::fail(const std::string& key, const std::string& problem,
                       const std::string& remedy) const {
  unsigned line = node_->line;
  for (const auto& [k, value] : *node_->table) {
    if (k.str() == key) line = static_cast<unsigned>(k.source().begin.line);
  }
  throw ScenarioError(file_, line, quoted(key), problem, remedy);
}

bool ConfigTable::has(const std::string& key) const { return node_->table->contains(key); }

std::vector<std::string> ConfigTable::keys() const {
  std::vector<std::pair<std::pair<std::uint32_t, std::uint32_t>, std::string>> placed;
  for (const auto& [k, value] : *node_->table)
    placed.push_back({{k.source().begin.line, k.source().begin.column}, std::string(k.str())});
  std::sort(placed.begin(), placed.end());
  std::vector<std::string> out;
  for (auto& [place, key] : placed) out.push_back(std::move(key));
  return out;
}

std::optional<ConfigTable> ConfigTable::table(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (!node) return std::nullopt;
  const toml::table* t = node->as_table();
  if (!t) fail(key, "is " + type_of(*node), "write a table, such as [" + quoted(key) + "]");
  return ConfigTable{std::make_shared<const Node>(
                         Node{node_->document, t, static_cast<unsigned>(t->source().begin.line)}),
                     file_, quoted(key)};
}

std::vector<ConfigTable> ConfigTable::tables(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (!node) return {};
  const toml::array* list = node->as_array();
  std::vector<ConfigTable> out;
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const toml::table* t = (*list)[i].as_table();
    if (!t) break;
    out.push_back(
        ConfigTable{std::make_shared<const Node>(
                        Node{node_->document, t, static_cast<unsigned>(t->source().begin.line)}),
                    file_, quoted(key)});
  }
  if (!list || out.size() != list->size())
    fail(key, "is not a list of tables", "write it as [[" + quoted(key) + "]]");
  return out;
}

std::optional<std::string> ConfigTable::text(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (!node) return std::nullopt;
  const auto value = node->value_exact<std::string>();
  if (!value) fail(key, "is " + type_of(*node), "write a text in quotes");
  return value;
}

std::optional<std::vector<std::string>> ConfigTable::texts(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (!node) return std::nullopt;
  const toml::array* list = node->as_array();
  std::vector<std::string> out;
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    const auto value = (*list)[i].value_exact<std::string>();
    if (!value) break;
    out.push_back(*value);
  }
  if (!list || out.size() != list->size())
    fail(key, "is not a list of texts", "write it as [\"a\", \"b\"]");
  return out;
}

std::optional<std::int64_t> ConfigTable::integer(const std::string& key, std::int64_t least,
                                                 std::int64_t most) const {
  const toml::node* node = node_->table->get(key);
  if (!node) return std::nullopt;
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  const auto value = node->value_exact<std::int64_t>();
  if (!value) fail(key, "is " + type_of(*node), "write a whole number from " + range);
  if (*value < least || *value > most)
    fail(key, "is " + std::to_string(*value), "write a whole number from " + range);
  return value;
}

std::optional<std::uint64_t> ConfigTable::ratio(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  if (!node) return std::nullopt;
  if (!node->is_number()) fail(key, "is " + type_of(*node), "write a number from 0 to 1");
  const double value = node->value<double>().value_or(-1.0);
  if (!(value >= 0.0 && value <= 1.0))
    fail(key, "is not from 0 to 1", "write a ratio, such as 0.002");
  return static_cast<std::uint64_t>(std::llround(value * 4294967296.0));
}

std::optional<double> ConfigTable::number(const std::string& key, double least, double most) const {
  const toml::node* node = node_->table->get(key);
  if (!node) return std::nullopt;
  char range[80];
  std::snprintf(range, sizeof range, "write a number from %g to %g", least, most);
  if (!node->is_number()) fail(key, "is " + type_of(*node), range);
  const auto value = node->value<double>();
  if (!value || !(*value >= least && *value <= most)) fail(key, "is out of range", range);
  return value;
}

bool ConfigTable::is_list(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  return node != nullptr && node->is_array();
}
bool ConfigTable::is_table(const std::string& key) const {
  const toml::node* node = node_->table->get(key);
  return node != nullptr && node->is_table();
}

std::optional<Duration> ConfigTable::duration(const std::string& key, Duration least,
                                              Duration most) const {
  const auto written = text(key);
  if (!written) return std::nullopt;
  const auto value = parse_duration(*written);
  if (!value)
    fail(key, "is \"" + *written + "\"", "write a time with its unit, such as \"6ms\" or \"60s\"");
  if (*value < least || *value > most)
    fail(key, "is \"" + *written + "\"",
         "write a time from " + in_ms(least) + " to " + in_ms(most));
  return value;
}

std::optional<Bitrate> ConfigTable::bitrate(const std::string& key) const {
  const auto written = text(key);
  if (!written) return std::nullopt;
  const auto value = parse_bitrate(*written);
  if (!value)
    fail(key, "is \"" + *written + "\"", "write a rate with its unit, such as \"20Mbit/s\"");
  if (*value < Bitrate::kbps(1) || *value > Bitrate::kbps(100'000'000))
    fail(key, "is \"" + *written + "\"", "write a rate from 1kbit/s to 100Gbit/s");
  return value;
}

void ConfigTable::allow_only(const std::vector<std::string>& known,
                             const std::vector<std::string>& later) const {
  for (const std::string& key : keys()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (std::find(later.begin(), later.end(), key) != later.end())
      fail(key, "is not built yet", "remove it");
    const auto near = nearest(key, known);
    std::string all;
    for (const std::string& k : known) all += (all.empty() ? "" : ", ") + k;
    fail(key, "is no key here", near ? "did you mean \"" + *near + "\"?" : "the keys are " + all);
  }
}

}  // namespace diemcau::sim
