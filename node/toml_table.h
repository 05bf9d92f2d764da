// A TOML table as an exact reader of settings wants it: typed values with units, every mistake an
// OperatorError with file, line, key and remedy. node's only door to toml++.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "node/catalogue.h"

namespace diemcau::node {

// Getters give nothing when the key is absent and throw for a wrong type. Tables keep their
// document alive.
class TomlTable {
 public:
  static TomlTable parse(std::string_view text, const std::filesystem::path& file);

  bool has(const std::string& key) const;
  std::optional<TomlTable> table(const std::string& key) const;
  std::vector<TomlTable> tables(const std::string& key) const;  // [[key]]
  std::optional<std::string> text(const std::string& key) const;
  std::optional<std::vector<std::string>> texts(const std::string& key) const;
  std::optional<bool> flag(const std::string& key) const;
  std::optional<std::int64_t> integer(const std::string& key, std::int64_t least,
                                      std::int64_t most) const;
  std::optional<Bitrate> bitrate(const std::string& key) const;           // "1500kbit/s"
  std::optional<std::pair<int, int>> size(const std::string& key) const;  // "1280x720", even
  std::optional<Endpoint> address(const std::string& key) const;
  // Relative to the file's folder; an empty text is an error.
  std::optional<std::filesystem::path> path(const std::string& key) const;
  std::string required_text(const std::string& key, const std::string& example) const;

  // Throws for the first key that is not `known`, with the nearest one.
  void allow_only(const std::vector<std::string>& known) const;
  // "FILE:LINE: KEY is VALUE; write WANTED".
  [[noreturn]] void refuse(const std::string& key, const std::string& value,
                           const Sentence& wanted) const;
  [[noreturn]] void missing(const std::string& key, const std::string& example) const;
  // "FILE:LINE" of a key, or of the table itself when it has no such key.
  std::string place(const std::string& key) const;
  unsigned line() const;
  const std::filesystem::path& file() const { return file_; }
  std::string quoted(const std::string& key) const;  // "node.listen"

 private:
  struct Node;
  TomlTable(std::shared_ptr<const Node> node, std::filesystem::path file, std::string name)
      : node_(std::move(node)), file_(std::move(file)), name_(std::move(name)) {}

  std::shared_ptr<const Node> node_;
  std::filesystem::path file_;
  std::string name_;
};

// The text of a file of at most 1 MiB; throws OperatorError when it cannot be read.
std::string read_text_file(const std::filesystem::path& file);
// "1500kbit/s", "1.5Mbit/s", "8000bit/s", "1Gbit/s"; exact, nothing for anything else.
std::optional<Bitrate> parse_bitrate(std::string_view text);
// The nearest of `known` when it is near enough to be a slip of the finger.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace diemcau::node
