// Text of words, buffered.
#include "sim/event_file.h"

#include <charconv>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace diemcau::sim {

namespace {
constexpr std::size_t kBuffer = 1 << 20;
}

EventFile::EventFile(const std::string& path) : path_(path), partial_path_(path + ".partial") {
  file_ = std::fopen(partial_path_.c_str(), "wb");
  if (!file_)
    throw std::runtime_error("cannot write " + partial_path_ +
                             "; choose a folder that exists and is yours");
  buffer_.reserve(kBuffer + 4096);
}

EventFile::~EventFile() {
  if (!file_) return;
  std::fclose(file_);
  std::error_code ignored;
  std::filesystem::remove(partial_path_, ignored);
}

void EventFile::add(std::span<const std::uint64_t> words) {
  char digits[20];
  for (const std::uint64_t word : words) {
    const auto end = std::to_chars(digits, digits + sizeof digits, word).ptr;
    buffer_.append(digits, end);
    buffer_ += ' ';
  }
  if (!words.empty()) buffer_.back() = '\n';
  if (buffer_.size() >= kBuffer) flush();
}

void EventFile::flush() {
  if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size())
    throw std::runtime_error("cannot write " + partial_path_ + "; is the disk full?");
  buffer_.clear();
}

void EventFile::finish() {
  flush();
  if (std::fclose(std::exchange(file_, nullptr)) != 0)
    throw std::runtime_error("cannot write " + partial_path_ + "; is the disk full?");
  std::filesystem::rename(partial_path_, path_);
}

}  // namespace diemcau::sim
