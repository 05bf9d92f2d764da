#include "sim/trace_files.h"

#include <algorithm>
#include <utility>

#include "sim/scenario_error.h"

namespace diemcau::sim {

namespace {

constexpr std::size_t kLargestText = 64U << 20;
constexpr std::size_t kMostLines = 4'000'000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr Duration kLongest = 366 * 24h;  // twice that still fits into 64 bits of ns
// Finer steps, or a line that hardly carries anything, would be integrated for ever.
constexpr Duration kShortestStep = 1ms;

// Lines of a file, without comments, blank ones and a head.
class Lines {
 public:
  Lines(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {
    if (text.size() > kLargestText) fail("is larger than 64 MiB", "cut it");
  }
  // Fields of the next line; none at the end.
  std::optional<std::vector<std::string_view>> next() {
    while (!text_.empty()) {
      const std::size_t end = text_.find('\n');
      const std::string_view line = text_.substr(0, end);
      text_.remove_prefix(end == text_.npos ? text_.size() : end + 1);
      if (++number_ > kMostLines) fail("has too many lines", "cut it");
      auto fields = split(line);
      if (fields.empty() || fields.front().front() == '#') continue;
      const char first = fields.front().front();
      const bool head = number_ == 1 && (first < '0' || first > '9') && first != '-';
      if (!head) return fields;
    }
    return std::nullopt;
  }
  [[noreturn]] void fail(const std::string& problem, const std::string& remedy) const {
    throw ScenarioError(file_, number_, "", problem, remedy);
  }

 private:
  static bool separates(char c) { return c == ' ' || c == '\t' || c == ',' || c == '\r'; }
  static std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> fields;
    while (!line.empty()) {
      if (separates(line.front())) {
        line.remove_prefix(1);
        continue;
      }
      std::size_t n = 0;
      while (n < line.size() && !separates(line[n])) ++n;
      fields.push_back(line.substr(0, n));
      line.remove_prefix(n);
    }
    return fields;
  }

  std::string_view text_;
  std::string file_;
  unsigned number_ = 0;
};

std::int64_t decimal(const Lines& lines, std::string_view word, std::int64_t unit,
                     const char* what) {
  const auto value = parse_decimal(word, unit);
  if (!value)
    lines.fail("\"" + std::string(word.substr(0, 40)) + "\" is no " + what,
               "write a plain decimal number that is not negative");
  return *value;
}

Duration time_of(const Lines& lines, std::string_view word) {
  const Duration at{decimal(lines, word, kNsPerSecond, "time in seconds")};
  if (at > kLongest) lines.fail("lies beyond a year", "are these really seconds?");
  return at;
}

// Whether it carries 1 kbit/s on average. 100 Gbit/s for a year are 3.2 × 10^18 kbit·ms: that fits.
bool carries_enough(const CapacityConfig& c) {
  std::int64_t kbit_ms = 0;
  for (std::size_t i = 0; i < c.steps.size(); ++i) {
    const Duration until = i + 1 < c.steps.size() ? c.steps[i + 1].at : *c.period;
    kbit_ms += c.steps[i].rate.bps() / 1'000 * to_ms(until - c.steps[i].at);
  }
  return kbit_ms > 0 && kbit_ms >= to_ms(*c.period);
}

std::string read_named(const ConfigTable& t, const std::string& key, const FileReader& read_file,
                       std::string& name) {
  name = *t.text(key);
  const auto text = read_file(name);
  if (!text) t.fail(key, "\"" + name + "\" cannot be read", "give a path beside the scenario");
  return *text;
}

bool ends_with(const std::string& name, std::string_view end) {
  return name.size() >= end.size() &&
         std::string_view(name).substr(name.size() - end.size()) == end;
}

}  // namespace

CapacityConfig parse_opportunities(std::string_view text, const std::string& file) {
  Lines lines{text, file};
  CapacityConfig c;
  c.kind = CapacityConfig::Kind::opportunities;
  while (const auto fields = lines.next()) {
    const std::int64_t ms = decimal(lines, fields->front(), 1, "whole number of milliseconds");
    if (fields->size() != 1) lines.fail("has more than one number", "write one per line");
    if (ms > 86'400'000) lines.fail("lies beyond a day", "cut the trace");
    if (!c.opportunities_ms.empty() && ms < c.opportunities_ms.back())
      lines.fail("goes back in time", "sort the lines");
    c.opportunities_ms.push_back(static_cast<std::uint32_t>(ms));
  }
  if (c.opportunities_ms.empty() || c.opportunities_ms.back() == 0)
    lines.fail("has no opportunity after 0 ms", "is it the right file?");
  return c;
}

CapacityConfig parse_rates(std::string_view text, const std::string& file) {
  Lines lines{text, file};
  CapacityConfig c;
  c.kind = CapacityConfig::Kind::steps;
  Duration gap{};
  while (const auto fields = lines.next()) {
    if (fields->size() != 2) lines.fail("is not two numbers", "write seconds and Mbit/s");
    const Duration at = time_of(lines, (*fields)[0]);
    const std::int64_t bps = decimal(lines, (*fields)[1], 1'000'000, "rate in Mbit/s");
    if (c.steps.empty() && at != Duration{0})
      lines.fail("does not begin at 0", "say how fast the line is from the beginning");
    if (!c.steps.empty()) {
      if (at <= c.steps.back().at) lines.fail("does not come after the line before", "sort them");
      gap = at - c.steps.back().at;
      if (gap < kShortestStep) lines.fail("comes within 1 ms of the line before", "thin it out");
    }
    if (bps > 100'000'000'000) lines.fail("is more than 100 Gbit/s", "are these really Mbit/s?");
    c.steps.push_back({at, Bitrate::bps(bps)});
  }
  if (c.steps.empty()) lines.fail("has no rate", "is it the right file?");
  c.period = c.steps.back().at + (gap > Duration{0} ? gap : Duration{1s});
  if (!carries_enough(c))
    lines.fail("carries less than 1 kbit/s on average", "is it the right file?");
  return c;
}

Trace parse_probe(std::string_view text, const std::string& file) {
  Lines lines{text, file};
  Trace trace;
  bool arrived = false;
  while (const auto fields = lines.next()) {
    if (fields->size() < 2) lines.fail("has too few columns", "write time_s,delay_ms,lost");
    TracePoint point;
    point.at = time_of(lines, (*fields)[0]);
    const std::string_view lost = fields->back();
    if (lost != "0" && lost != "1") lines.fail("does not end in 0 or 1", "say whether it was lost");
    point.lost = lost == "1";
    if (fields->size() >= 3) {
      point.delay = Duration{decimal(lines, (*fields)[1], 1'000'000, "delay in ms")};
    } else if (!point.lost) {
      lines.fail("arrived without a delay", "write time_s,delay_ms,lost");
    } else if (!trace.empty()) {
      point.delay = trace.back().delay;
    }
    if (point.delay > 60s) lines.fail("took more than a minute", "is the delay in ms?");
    if (!trace.empty() && point.at <= trace.back().at)
      lines.fail("does not come after the line before", "sort them");
    arrived = arrived || !point.lost;
    trace.push_back(point);
  }
  if (!arrived) lines.fail("has no packet that arrived", "is it the right file?");
  return trace;
}

CapacityConfig read_rate_trace(const ConfigTable& t, const std::string& key,
                               const FileReader& read_file) {
  std::string name;
  const std::string text = read_named(t, key, read_file, name);
  const bool mahimahi = ends_with(name, ".mahimahi") || ends_with(name, ".mm") ||
                        ends_with(name, ".up") || ends_with(name, ".down");
  return mahimahi ? parse_opportunities(text, name) : parse_rates(text, name);
}

std::shared_ptr<const Trace> read_probe_trace(const ConfigTable& t, const std::string& key,
                                              const FileReader& read_file) {
  std::string name;
  const std::string text = read_named(t, key, read_file, name);
  return std::make_shared<const Trace>(parse_probe(text, name));
}

}  // namespace diemcau::sim
