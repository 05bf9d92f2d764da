// The door for commands, and what passes through it.
#include "node/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <system_error>

#include "core/base/rng.h"
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
  // A path would end in the middle of what is shown of it.
  CHECK_FALSE(parse_control_request(R"({"document":"start","source":"/a.mp4\u0000/b.mp4"})"));
  CHECK_FALSE(parse_control_answer("{}"));
}

TEST_CASE("the answer about the longest path of all can be read", "[control]") {
  const std::string path(4'095, '\x01');  // as JSON six bytes each
  const ControlAnswer answer{true, true, path,
                             sentence<Text::document_unusable>(path, std::string("No such file"))};
  const auto read = parse_control_answer(text_of(answer));
  REQUIRE(read);
  CHECK(read->source == path);
}

TEST_CASE("whatever comes as a request or an answer is read as one or refused", "[control]") {
  const auto seed =
      static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  INFO("seed " << seed);
  Rng rng(seed);
  const std::string request = text_of(ControlRequest{DocumentWish::start, "/tài \"liệu\".mp4"});
  const std::string answer = text_of(ControlAnswer{true, true, "/x.mp4", {"một", "one"}});
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(rng.next() % n); };
  for (int i = 0; i < 20'000; ++i) {
    std::string line = i % 3 == 0 ? request : i % 3 == 1 ? answer : std::string();
    if (line.empty()) {
      line.resize(below(64));
      for (char& c : line) c = static_cast<char>(below(256));
    } else {  // cut short, and some bytes of it are others
      line.resize(below(line.size() + 1));
      for (std::size_t n = below(4); n > 0 && !line.empty(); --n)
        line[below(line.size())] = static_cast<char>(below(256));
    }
    if (const auto read = parse_control_request(line)) {
      CHECK(read->source.find('\0') == std::string::npos);
      const auto again = parse_control_request(text_of(*read));
      REQUIRE(again);
      CHECK(again->document == read->document);
      CHECK(again->source == read->source);
    }
    if (const auto read = parse_control_answer(line)) {
      const auto again = parse_control_answer(text_of(*read));
      REQUIRE(again);
      CHECK(again->done == read->done);
      CHECK(again->said.vi == read->said.vi);
    }
  }
  for (const char* bracket : {"[", "{\"a\":"}) {
    std::string deep;
    while (deep.size() + 8 < kMostControlBytes) deep += bracket;
    CHECK_FALSE(parse_control_request(deep));
  }
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
    CHECK(ask_control(path, std::string(20 * kMostControlBytes, 'x')) == "!");  // as an empty one
    CHECK(ask_control(path, "two") == "two!");
    CHECK_THROWS_AS(ControlSocket(path, nullptr), std::system_error);  // it is taken
    CHECK(ask_control(path, "three") == "three!");
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("one who says nothing, or no whole line, holds up neither the next one nor the end",
          "[control]") {
  const ScratchDir dir;
  const auto path = ControlSocket::path_in(dir.path());
  const auto silent = [&] {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
  };
  int asked = 0;
  auto socket = std::make_unique<ControlSocket>(path, [&](std::string_view) {
    ++asked;
    return std::string("heard");
  });
  const int first = silent();
  REQUIRE(::send(first, "half a li", 9, MSG_NOSIGNAL) == 9);
  CHECK(ask_control(path, "next") == "heard");
  char left = 0;
  CHECK(::recv(first, &left, 1, 0) == 0);  // it was left without an answer
  const int last = silent();
  socket.reset();
  CHECK(asked == 1);
  ::close(first);
  ::close(last);
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
