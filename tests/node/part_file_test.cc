#include "node/part_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "node/catalogue.h"
#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {
void write_into(int fd, const std::string& text) {
  REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(fd);
}
std::string content(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}
}  // namespace

TEST_CASE("what an earlier meeting left under the same name stays beside the new file",
          "[recorder]") {
  ScratchDir dir;
  const auto grid = dir.path() / "grid.mkv";
  for (const char* meeting : {"one", "two", "three"}) write_into(make_whole_file(grid), meeting);
  CHECK(content(grid) == "three");
  CHECK(content(dir.path() / "grid-001.mkv") == "one");
  CHECK(content(dir.path() / "grid-002.mkv") == "two");
}

TEST_CASE("a file that nothing was written to is used again", "[recorder]") {
  ScratchDir dir;
  const auto mix = dir.path() / "mix.wav";
  ::close(make_whole_file(mix));
  write_into(make_whole_file(mix), "sound");
  CHECK(content(mix) == "sound");
  CHECK_FALSE(std::filesystem::exists(dir.path() / "mix-001.wav"));
}

TEST_CASE("what a meeting leaves behind is for its own account alone", "[recorder]") {
  ScratchDir dir;
  const mode_t before = ::umask(0);
  ::close(make_whole_file(dir.path() / "grid.mkv"));
  const PartFile part = make_part_file(dir.path(), "tinh", 1);
  ::umask(before);
  REQUIRE(part.fd >= 0);
  ::close(part.fd);
  for (const auto& path : {dir.path() / "grid.mkv", std::filesystem::path(part.path)}) {
    struct stat at {};
    REQUIRE(::stat(path.c_str(), &at) == 0);
    CHECK((at.st_mode & 0777) == 0600);
  }
}

TEST_CASE("a device that is linked in a file's place keeps its mode", "[recorder]") {
  ScratchDir dir;
  const auto grid = dir.path() / "grid.mkv";
  std::filesystem::create_symlink("/dev/null", grid);
  struct stat before {};
  struct stat after {};
  REQUIRE(::stat("/dev/null", &before) == 0);
  ::close(make_whole_file(grid));
  REQUIRE(::stat("/dev/null", &after) == 0);
  CHECK(after.st_mode == before.st_mode);
}

TEST_CASE("a folder that is not there is named with the remedy", "[recorder]") {
  ScratchDir dir;
  CHECK_THROWS_WITH(
      make_whole_file(dir.path() / "none" / "grid.mkv"),
      Catch::Contains("none/grid.mkv cannot be written") && Catch::Contains("check the folder"));
}
