#include "node/log_line.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <string>

namespace diemcau::node {
namespace {

// What becomes of a process that writes lines to such a stderr: 0, or what ended it.
int ends_with(const std::function<int()>& make_stderr, int lines) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(10);
    ::signal(SIGPIPE, SIG_IGN);
    if (::dup2(make_stderr(), STDERR_FILENO) < 0) ::_exit(1);
    for (int i = 0; i < lines; ++i) log_line(std::string(200, 'x'));
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace

TEST_CASE("a line is written as it is", "[log]") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  CHECK(ends_with([&] { return ends[1]; }, 1) == 0);
  ::close(ends[1]);
  std::string read(1'000, ' ');
  const ssize_t size = ::read(ends[0], read.data(), read.size());
  ::close(ends[0]);
  REQUIRE(size == 201);
  CHECK(read.substr(0, 201) == std::string(200, 'x') + "\n");
}

TEST_CASE("a pipe that nobody reads holds nobody up", "[log]") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  CHECK(ends_with([&] { return ends[1]; }, 2'000) == 0);  // a pipe takes 64 KiB
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a pipe whose reader has gone and a full disk end nobody", "[log]") {
  CHECK(ends_with(
            [] {
              std::array<int, 2> ends{};
              if (::pipe(ends.data()) != 0) return -1;
              ::close(ends[0]);
              return ends[1];
            },
            3) == 0);
  CHECK(ends_with([] { return ::open("/dev/full", O_WRONLY); }, 3) == 0);
}

}  // namespace diemcau::node
