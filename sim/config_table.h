// A TOML table as a reader of exact configuration wants it: typed values with units, every mistake
// an error with file, line, key and remedy. The only door to toml++.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/units/bitrate.h"
#include "core/units/byte_count.h"
#include "core/units/time.h"

namespace diemcau::sim {

// "1.5" of a unit that is `unit` base units large, exactly; nothing when it is no plain decimal
// number, does not fit, or is finer than a base unit.
std::optional<std::int64_t> parse_decimal(std::string_view number, std::int64_t unit);
std::optional<Duration> parse_duration(std::string_view text);     // ns us ms s min h
std::optional<Bitrate> parse_bitrate(std::string_view text);       // bit/s kbit/s Mbit/s Gbit/s
std::optional<ByteCount> parse_byte_count(std::string_view text);  // B kB MB KiB MiB

// The nearest of `known` when it is near enough to be a slip of the finger.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

// Values stay valid while any view of the document lives. Every getter throws ScenarioError for a
// wrong type or range and gives nothing when the key is absent.
class ConfigTable {
 public:
  static ConfigTable parse(std::string_view text, const std::string& file_name);

  bool has(const std::string& key) const;
  std::vector<std::string> keys() const;  // in the order of the file's lines
  std::optional<ConfigTable> table(const std::string& key) const;
  std::vector<ConfigTable> tables(const std::string& key) const;  // [[key]]
  std::optional<std::string> text(const std::string& key) const;
  std::optional<std::vector<std::string>> texts(const std::string& key) const;
  std::optional<std::int64_t> integer(const std::string& key, std::int64_t least,
                                      std::int64_t most) const;
  // A number from 0 to 1, as parts of 2^32.
  std::optional<std::uint64_t> ratio(const std::string& key) const;
  std::optional<double> number(const std::string& key, double least, double most) const;
  std::optional<Duration> duration(const std::string& key, Duration least, Duration most) const;
  std::optional<Bitrate> bitrate(const std::string& key) const;  // 1 kbit/s … 100 Gbit/s

  // Throws for the first key that is neither `known` nor, with its own message, `later`.
  void allow_only(const std::vector<std::string>& known,
                  const std::vector<std::string>& later = {}) const;
  [[noreturn]] void fail(const std::string& key, const std::string& problem,
                         const std::string& remedy) const;
  const std::string& path() const { return path_; }

 private:
  struct Node;
  ConfigTable(std::shared_ptr<const Node> node, std::string file, std::string path)
      : node_(std::move(node)), file_(std::move(file)), path_(std::move(path)) {}
  std::string quoted(const std::string& key) const;

  std::shared_ptr<const Node> node_;
  std::string file_;
  std::string path_;  // "site.central.up"
};

}  // namespace diemcau::sim
