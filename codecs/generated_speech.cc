#include "codecs/generated_speech.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "codecs/capture_clock.h"
#include "codecs/resampler.h"

namespace diemcau::codecs {
namespace {

constexpr Duration kPatience = 10s;
constexpr std::size_t kMaxWav = 8 << 20;

// One end of a pipe or a child, given back whatever happens.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

pid_t spawn_espeak(const std::string& text, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::array<std::string, 6> words{"espeak-ng", "-v", "vi", "--stdout", "--", text};
  std::array<char*, 7> arguments{};
  std::transform(words.begin(), words.end(), arguments.begin(),
                 [](std::string& word) { return word.data(); });
  pid_t child = -1;
  const int failed =
      posix_spawnp(&child, "espeak-ng", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT) {
    throw std::runtime_error(
        "The generated source needs the program espeak-ng: install the package espeak-ng.");
  }
  if (failed != 0) {
    throw std::runtime_error(std::string("espeak-ng cannot be started: ") + std::strerror(failed));
  }
  return child;
}

// Everything that the child writes; cut at kMaxWav or at the deadline.
std::vector<std::uint8_t> read_all(int fd) {
  std::vector<std::uint8_t> bytes;
  const Timestamp deadline = monotonic_now() + kPatience;
  std::array<std::uint8_t, 65536> chunk{};
  while (bytes.size() < kMaxWav && monotonic_now() < deadline) {
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, 100) <= 0) continue;
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + n);
  }
  return bytes;
}

std::uint32_t little_endian(const std::vector<std::uint8_t>& bytes, std::size_t at, unsigned n) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < n; ++i) value |= std::uint32_t{bytes[at + i]} << (8 * i);
  return value;
}

// espeak-ng writes the 44-byte header of a plain PCM file, with sizes that it does not know yet.
constexpr std::size_t kWavHeader = 44;

std::vector<std::int16_t> samples_of(const std::vector<std::uint8_t>& wav) {
  std::vector<std::int16_t> samples((wav.size() - kWavHeader) / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<std::int16_t>(little_endian(wav, kWavHeader + 2 * i, 2));
  }
  return samples;
}

std::vector<std::int16_t> to_48_khz(const std::vector<std::int16_t>& samples, int rate) {
  AVChannelLayout mono{};
  av_channel_layout_default(&mono, 1);
  Resampler resampler(mono, AV_SAMPLE_FMT_S16, rate);
  const auto* from = reinterpret_cast<const std::uint8_t*>(samples.data());
  std::vector<std::int16_t> out;
  resampler.convert(&from, static_cast<int>(samples.size()), out);
  resampler.drain(out);
  return out;
}

}  // namespace

std::vector<std::int16_t> speak_vietnamese(const std::string& text) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error(std::string("No pipe for espeak-ng: ") + std::strerror(errno));
  }
  FileDescriptor reader(ends[0]);
  FileDescriptor writer(ends[1]);
  const pid_t child = spawn_espeak(text, writer.get());
  writer.close();
  const std::vector<std::uint8_t> wav = read_all(reader.get());
  reader.close();
  ::kill(child, SIGTERM);  // it has ended, or it has had its time
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const bool readable =
      wav.size() > kWavHeader + 2 && std::equal(wav.begin(), wav.begin() + 4, "RIFF");
  const std::uint32_t rate = readable ? little_endian(wav, 24, 4) : 0;
  const bool plain = readable && little_endian(wav, 22, 2) == 1 && little_endian(wav, 34, 2) == 16;
  if (!plain || rate < 8000 || rate > 48000) {
    throw std::runtime_error(
        "espeak-ng gave no speech: try `espeak-ng -v vi xin chào` and reinstall the packages "
        "espeak-ng and espeak-ng-data.");
  }
  return to_48_khz(samples_of(wav), static_cast<int>(rate));
}

}  // namespace diemcau::codecs
