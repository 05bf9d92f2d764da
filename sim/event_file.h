// The sequence behind a digest as text: one line per input or output, its words in decimal
// (docs/LAB.md).
#pragma once

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

namespace diemcau::sim {

// Written beside and renamed by finish(); without it the half-written file is removed. Throws
// std::runtime_error.
class EventFile {
 public:
  explicit EventFile(const std::string& path);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;
  void add(std::span<const std::uint64_t> words);
  void finish();

 private:
  void flush();
  std::string path_, partial_path_;
  std::FILE* file_ = nullptr;
  std::string buffer_;
};

}  // namespace diemcau::sim
