// O_EXCL and RENAME_NOREPLACE decide which number is ours: what is there stays.
#include "node/part_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "node/catalogue.h"

namespace diemcau::node {

namespace {
// Parts of all meetings stand side by side for decades.
constexpr int kLastPart = 999'999;
// What people said is not for every account of the PC.
constexpr mode_t kOursAlone = 0600;

// A name that is not synced may be gone after a power cut, with all its synced bytes.
void sync_directory(const std::filesystem::path& dir) {
  const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

bool holds_something(const std::filesystem::path& path) {
  struct stat at {};
  return ::stat(path.c_str(), &at) == 0 && S_ISREG(at.st_mode) && at.st_size > 0;
}

// False, and errno says why.
bool keep_aside(const std::filesystem::path& path) {
  for (int number = 1; number <= kLastPart; ++number) {
    const auto aside = path.parent_path() / fmt::format("{}-{:03}{}", path.stem().string(), number,
                                                        path.extension().string());
    if (::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, aside.c_str(), RENAME_NOREPLACE) == 0)
      return true;
    // Old network folders cannot do it in one step.
    std::error_code failed;
    if (errno == EINVAL && !std::filesystem::exists(aside, failed))
      return ::rename(path.c_str(), aside.c_str()) == 0;
    if (errno != EEXIST && errno != EINVAL) return false;
  }
  errno = EEXIST;
  return false;
}
}  // namespace

PartFile make_part_file(const std::filesystem::path& dir, const std::string& bridge, int number) {
  PartFile file;
  for (file.number = number; file.number <= kLastPart; ++file.number) {
    file.path = (dir / fmt::format("{}-p{:03}.mkv", bridge, file.number)).string();
    file.fd = ::open(file.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOursAlone);
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

int make_whole_file(const std::filesystem::path& path) {
  const bool kept = !holds_something(path) || keep_aside(path);
  const int fd =
      kept ? ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOursAlone) : -1;
  if (fd < 0) fail<Text::file_unwritable>(path.string(), std::strerror(errno));
  make_private(fd);
  return fd;
}

void make_private(int fd) {
  struct stat at {};
  if (::fstat(fd, &at) == 0 && S_ISREG(at.st_mode))
    static_cast<void>(::fchmod(fd, kOursAlone));  // not ours: whoever owns it decides
}

}  // namespace diemcau::node
