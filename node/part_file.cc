// O_EXCL decides which number is ours: what is there stays.
#include "node/part_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace diemcau::node {

namespace {
// Parts of all meetings stand side by side for decades.
constexpr int kLastPart = 999'999;

// A name that is not synced may be gone after a power cut, with all its synced bytes.
void sync_directory(const std::filesystem::path& dir) {
  const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}
}  // namespace

PartFile make_part_file(const std::filesystem::path& dir, const std::string& bridge, int number) {
  PartFile file;
  for (file.number = number; file.number <= kLastPart; ++file.number) {
    file.path = (dir / fmt::format("{}-p{:03}.mkv", bridge, file.number)).string();
    file.fd = ::open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file.fd >= 0) {
      sync_directory(dir);
      return file;
    }
    if (errno == EEXIST) continue;
    file.problem = "cannot make " + file.path + ": " + std::strerror(errno);
    return file;
  }
  file.problem = "no number is left for a part of " + bridge;
  return file;
}

}  // namespace diemcau::node
