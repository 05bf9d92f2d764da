// What is wrong with a scenario or a file that it names: where, what and the remedy in one
// sentence.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace diemcau::sim {

class ScenarioError : public std::runtime_error {
 public:
  ScenarioError(std::string file, unsigned line, std::string key, const std::string& problem,
                const std::string& remedy)
      : std::runtime_error(file + (line > 0 ? ":" + std::to_string(line) : "") + ": " +
                           (key.empty() ? "" : key + ": ") + problem + "; " + remedy),
        file_(std::move(file)),
        line_(line),
        key_(std::move(key)) {}
  const std::string& file() const { return file_; }
  unsigned line() const { return line_; }
  const std::string& key() const { return key_; }

 private:
  std::string file_;
  unsigned line_;
  std::string key_;
};

}  // namespace diemcau::sim
