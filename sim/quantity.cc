// Numbers with units, in exact integer arithmetic, and the nearest known word for a mistyped one.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "sim/config_table.h"

namespace diemcau::sim {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Unit {
  std::string_view name;
  std::int64_t size;
};

std::optional<std::int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  std::size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  std::string_view unit = text.substr(end);
  if (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const Unit& u : units) {
    if (u.name == unit) return parse_decimal(text.substr(0, end), u.size);
  }
  return std::nullopt;
}

// Levenshtein's distance with two rows.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::int64_t> parse_decimal(std::string_view number, std::int64_t unit) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (number.empty() || !is_digit(number.front()) || !is_digit(number.back())) return std::nullopt;
  const std::size_t point = number.find('.');
  const std::string_view whole = number.substr(0, point);
  const std::string_view part =
      point == number.npos ? std::string_view{} : number.substr(point + 1);
  std::int64_t value = 0;
  for (const char c : whole) {
    if (!is_digit(c) || value > (kMost - 9) / 10) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > kMost / unit) return std::nullopt;
  value *= unit;
  for (const char c : part) {
    if (!is_digit(c)) return std::nullopt;
    if (unit % 10 != 0) {
      if (c != '0') return std::nullopt;
      continue;
    }
    unit /= 10;
    if (value > kMost - 9 * unit) return std::nullopt;
    value += (c - '0') * unit;
  }
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) {
  static constexpr std::array<Unit, 6> kUnits = {{{"ns", 1},
                                                  {"us", 1'000},
                                                  {"ms", 1'000'000},
                                                  {"s", 1'000'000'000},
                                                  {"min", 60'000'000'000},
                                                  {"h", 3'600'000'000'000}}};
  const auto ns = parse_with_unit(text, kUnits);
  return ns ? std::optional(Duration{*ns}) : std::nullopt;
}

std::optional<Bitrate> parse_bitrate(std::string_view text) {
  static constexpr std::array<Unit, 4> kUnits = {
      {{"bit/s", 1}, {"kbit/s", 1'000}, {"Mbit/s", 1'000'000}, {"Gbit/s", 1'000'000'000}}};
  const auto bps = parse_with_unit(text, kUnits);
  return bps ? std::optional(Bitrate::bps(*bps)) : std::nullopt;
}

std::optional<ByteCount> parse_byte_count(std::string_view text) {
  static constexpr std::array<Unit, 5> kUnits = {
      {{"B", 1}, {"kB", 1'000}, {"MB", 1'000'000}, {"KiB", 1024}, {"MiB", 1024 * 1024}}};
  const auto bytes = parse_with_unit(text, kUnits);
  return bytes ? std::optional(ByteCount::bytes(*bytes)) : std::nullopt;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known) {
  // A word longer than any name is no slip, and measuring it would cost its length squared.
  if (word.size() > 64) return std::nullopt;
  const std::string* best = nullptr;
  std::size_t best_distance = 0;
  for (const std::string& candidate : known) {
    const std::size_t d = distance(word, candidate);
    if (!best || d < best_distance) {
      best = &candidate;
      best_distance = d;
    }
  }
  if (!best || best_distance > std::max<std::size_t>(1, best->size() / 2)) return std::nullopt;
  return *best;
}

}  // namespace diemcau::sim
