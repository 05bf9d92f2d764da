// The door for commands, and what passes through it.
#include "node/control_socket.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <system_error>

#include "node/control_message.h"
#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

TEST_CASE("a request and an answer are read as they were written, or not at all", "[control]") {
  const auto request = parse_control_request(
      text_of(ControlRequest{DocumentWish::start, "/a b/tài \"liệu\"\n.mp4"}));
  REQUIRE(request);
  CHECK(request->document == DocumentWish::start);
  CHECK(request->source == "/a b/tài \"liệu\"\n.mp4");
  CHECK(text_of(ControlRequest{DocumentWish::start, "a\nb"}).find('\n') == std::string::npos);
  const auto answer =
      parse_control_answer(text_of(ControlAnswer{true, true, "/x.mp4", {"một", "one"}}));
  REQUIRE(answer);
  CHECK(answer->done);
  CHECK(answer->shown);
  CHECK(answer->source == "/x.mp4");
  CHECK(answer->said.vi == "một");
  CHECK(answer->said.en == "one");
  CHECK(parse_control_request(R"({"document":"stop","later":[1,2]})"));
  for (const char* wrong : {"", "{", "[]", "7", "{}", R"({"document":1})", R"({"document":"eat"})"})
    CHECK_FALSE(parse_control_request(wrong));
  CHECK_FALSE(parse_control_request(R"({"document":"stop","x":")" +
                                    std::string(kMostControlBytes, 'x') + "\"}"));
  CHECK_FALSE(parse_control_answer("{}"));
}

TEST_CASE("a line is answered with a line, in a folder of any depth, by its owner alone",
          "[control]") {
  const ScratchDir dir;
  const auto deep = dir.path() / std::string(100, 'd') / std::string(100, 'e');
  std::filesystem::create_directories(deep);
  const auto path = ControlSocket::path_in(deep);
  CHECK_FALSE(ask_control(path, "anybody there?"));
  {
    const ControlSocket socket(path, [](std::string_view line) { return std::string(line) + "!"; });
    struct stat seen {};
    REQUIRE(::stat(path.c_str(), &seen) == 0);
    CHECK((seen.st_mode & 0777) == 0600);
    CHECK(ask_control(path, "one") == "one!");
    const std::string long_line(4'000, 'x');
    const auto echoed = ask_control(path, long_line);
    REQUIRE(echoed);
    CHECK(echoed->size() == long_line.size() + 1);
    CHECK_FALSE(ask_control(path, std::string(2 * kMostControlBytes, 'x')));
    CHECK(ask_control(path, "two") == "two!");
    CHECK_THROWS_AS(ControlSocket(path, nullptr), std::system_error);  // it is taken
    CHECK(ask_control(path, "three") == "three!");
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket that was left behind is replaced, another file is not", "[control]") {
  const ScratchDir dir;
  const auto path = ControlSocket::path_in(dir.path());
  {
    const ControlSocket first(path, [](std::string_view) { return std::string("first"); });
    std::filesystem::rename(path, dir.path() / "kept");
  }
  std::filesystem::rename(dir.path() / "kept", path);
  {
    const ControlSocket second(path, [](std::string_view) { return std::string("second"); });
    CHECK(ask_control(path, "who?") == "second");
  }
  std::ofstream(path) << "a letter";
  CHECK_THROWS_AS(ControlSocket(path, nullptr), std::system_error);
  CHECK(std::filesystem::is_regular_file(path));
}
