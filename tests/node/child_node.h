// Real diemcau-node processes on loopback, for tests: started, watched, and always ended by pid.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "node/keys.h"
#include "node/roster.h"
#include "tests/node/scratch_dir.h"

namespace diemcau::node {

template <typename Condition>
bool wait_until(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(15)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

inline std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A socket bound on 127.0.0.1; port 0: any free one.
class LoopbackSocket {
 public:
  explicit LoopbackSocket(int kind, std::uint16_t port = 0) : fd_(::socket(AF_INET, kind, 0)) {
    sockaddr_in at = address(port);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
      ::close(fd_);
      throw std::runtime_error("cannot bind a socket on loopback");
    }
    socklen_t size = sizeof at;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
  }
  ~LoopbackSocket() { ::close(fd_); }
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;
  std::uint16_t port() const { return port_; }
  void send_to(std::uint16_t port, const std::vector<std::uint8_t>& bytes) const {
    const sockaddr_in to = address(port);
    ::sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  static sockaddr_in address(std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
  }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

// One run of the program. The destructor kills what still runs.
class ChildNode {
 public:
  ChildNode(const std::vector<std::string>& arguments, std::filesystem::path log)
      : log_path_(std::move(log)) {
    std::vector<std::string> words{DIEMCAU_BIN_DIR "/diemcau-node"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, 2, log_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                       0600);
    const int failed = ::posix_spawn(&pid_, argv[0], &files, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (failed != 0) throw std::runtime_error("cannot start " + words[0]);
  }
  ~ChildNode() {
    if (end_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ChildNode(const ChildNode&) = delete;
  ChildNode& operator=(const ChildNode&) = delete;

  void signal(int number) {
    if (running()) ::kill(pid_, number);
  }
  bool running() {
    if (!end_) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) end_ = status;
    }
    return !end_;
  }
  // Exit code, or minus the signal that ended it; nothing when it still runs after the limit.
  std::optional<int> wait_for_end() {
    if (!wait_until([this] { return !running(); })) return std::nullopt;
    return WIFEXITED(*end_) ? WEXITSTATUS(*end_) : -WTERMSIG(*end_);
  }
  std::string log() const { return text_of_file(log_path_); }
  bool logs(const std::string& what) {
    return wait_until([&] {
             return log().find(what) != std::string::npos || (!running() && !logged(what));
           }) &&
           logged(what);
  }
  bool logged(const std::string& what) const { return log().find(what) != std::string::npos; }

 private:
  pid_t pid_ = -1;
  std::filesystem::path log_path_;
  std::optional<int> end_;
};

// Keys, roster and configs of a few bridges with the ids b0 (central), b1, …; their names are
// "Bridge 0", …
class Province {
 public:
  explicit Province(std::size_t count, const std::string& media) : media_(media) {
    for (std::size_t i = 0; i < count; ++i) {
      PrivateKey key = PrivateKey::generate();
      std::filesystem::create_directories(folder(i));
      key.save(folder(i) / "key.pem");
      const LoopbackSocket udp(SOCK_DGRAM), tcp(SOCK_STREAM);
      ports_.push_back(udp.port());
      metrics_ports_.push_back(tcp.port());
      add_bridge(roster_, {id(i),
                           "Bridge " + std::to_string(i),
                           i == 0 ? mesh::Role::central : mesh::Role::member,
                           {Endpoint::v4(INADDR_LOOPBACK, ports_[i])},
                           key.public_key()});
    }
    save_roster(path() / "roster.toml", roster_);
  }
  static std::string id(std::size_t i) { return "b" + std::to_string(i); }
  const std::filesystem::path& path() const { return dir_.path(); }
  std::filesystem::path folder(std::size_t i) const { return dir_.path() / id(i); }
  std::uint16_t port(std::size_t i) const { return ports_[i]; }
  const Roster& roster() const { return roster_; }

  std::unique_ptr<ChildNode> start(std::size_t i, const std::string& media = "",
                                   const std::string& roster_file = "roster.toml") const {
    std::ofstream config(folder(i) / "bridge.toml");
    config << "[node]\nid = \"" << id(i) << "\"\nlisten = \"127.0.0.1:" << ports_[i]
           << "\"\ndata_dir = \"" << folder(i).string()
           << "\"\nlanguage = \"en\"\n[roster]\nfile = \"" << (path() / roster_file).string()
           << "\"\n[media]\n"
           << (media.empty() ? media_ : media)
           << "\n[metrics]\nlisten = \"127.0.0.1:" << metrics_ports_[i] << "\"\n";
    config.close();
    return std::make_unique<ChildNode>(
        std::vector<std::string>{"run", "--config", (folder(i) / "bridge.toml").string(),
                                 "--summary", (folder(i) / "summary.json").string()},
        folder(i) / "log.txt");
  }
  // The value of one line of /metrics, labels included; nothing when the line or the node is not
  // there.
  std::optional<double> metric(std::size_t i, const std::string& line) const {
    const std::string text = scrape(i);
    const std::size_t at = text.find("\n" + line + " ");
    if (at == std::string::npos) return std::nullopt;
    return std::stod(text.substr(at + line.size() + 2));
  }

 private:
  std::string scrape(std::size_t i) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const timeval limit{2, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const sockaddr_in to = LoopbackSocket::address(metrics_ports_[i]);
    std::string text;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
      const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
      std::array<char, 4096> block{};
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
      for (ssize_t n = 0; (n = ::recv(fd, block.data(), block.size(), 0)) > 0;) {
        text.append(block.data(), static_cast<std::size_t>(n));
      }
    }
    ::close(fd);
    return text;
  }

  ScratchDir dir_;
  std::string media_;
  Roster roster_;
  std::vector<std::uint16_t> ports_, metrics_ports_;
};

}  // namespace diemcau::node
