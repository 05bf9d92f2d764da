#include "bench/load/node_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "node/address.h"

namespace diemcau::bench {

namespace {

constexpr std::uint32_t kLoopback = 0x7F00'0001;

// A port that is free now; the node binds it a moment later.
std::uint16_t free_port(int type) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(kLoopback);
  socklen_t length = sizeof address;
  const bool ok = fd >= 0 &&
                  ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!ok) throw std::system_error(error, std::generic_category(), "a free port");
  return ntohs(address.sin_port);
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "diemcau-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

NodeProcess::NodeProcess(std::filesystem::path program, mesh::Role role)
    : program_(std::move(program)),
      key_(node::PrivateKey::generate()),
      entry_{"node",
             "Điểm cầu được đo",
             role,
             {Endpoint::v4(kLoopback, free_port(SOCK_DGRAM))},
             key_.public_key()} {}

NodeProcess::~NodeProcess() { stop(); }

void NodeProcess::start(const std::vector<node::RosterBridge>& others) {
  const auto& dir = folder_.path();
  key_.save(dir / "key.pem");
  node::Roster roster;
  roster.province = "bench";
  node::add_bridge(roster, entry_);
  for (const node::RosterBridge& other : others) node::add_bridge(roster, other);
  node::save_roster(dir / "roster.toml", roster);
  std::ofstream(dir / "bridge.toml") << fmt::format(
      "[node]\nid = \"{}\"\nlisten = \"{}\"\ndata_dir = \"data\"\nkey = \"key.pem\"\n"
      "language = \"en\"\n[roster]\nfile = \"roster.toml\"\n[media]\nkind = \"generated\"\n"
      "[metrics]\nlisten = \"127.0.0.1:{}\"\n",
      entry_.id, node::text_of(entry_.addresses[0]), free_port(SOCK_STREAM));

  const std::string config = (dir / "bridge.toml").string(), summary = this->summary().string();
  const std::string program = program_.string(), log = (dir / "log.txt").string();
  std::array<char*, 7> arguments{};
  std::size_t n = 0;
  for (const char* text :
       {program.c_str(), "run", "--config", config.c_str(), "--summary", summary.c_str()})
    arguments[n++] = const_cast<char*>(text);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execv(program.c_str(), arguments.data());
  ::_exit(127);
}

std::optional<int> NodeProcess::reap(bool wait) {
  if (pid_ > 0 && !exit_) {
    int status = 0;
    if (::waitpid(pid_, &status, wait ? 0 : WNOHANG) == pid_)
      exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  return exit_;
}

bool NodeProcess::running() { return pid_ > 0 && !reap(false); }

NodeProcess::Usage NodeProcess::usage() const {
  Usage usage;
  // Fields 14 and 15 of stat, counted behind the name in brackets, which may hold anything.
  const std::string stat = read_text(fmt::format("/proc/{}/stat", pid_));
  std::istringstream fields(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  std::int64_t user = 0, system = 0;
  fields >> user >> system;
  usage.cpu = Duration{1s} * (user + system) / ::sysconf(_SC_CLK_TCK);
  // The main thread is core's. schedstat counts nanoseconds; a kernel may lack it.
  std::istringstream schedule(read_text(fmt::format("/proc/{0}/task/{0}/schedstat", pid_)));
  std::int64_t ns = 0;
  if (schedule >> ns) usage.core = Duration{ns};
  return usage;
}

double NodeProcess::rss_max_mib() const {
  // Not ru_maxrss: that keeps what we held when we forked.
  std::istringstream status(read_text(fmt::format("/proc/{}/status", pid_)));
  std::string word;
  double kib = 0;
  while (status >> word) {
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  }
  return 0;
}

int NodeProcess::stop() {
  if (pid_ <= 0) return -1;
  for (int tenths = 0; running(); ++tenths) {
    if (tenths == 0) ::kill(pid_, SIGTERM);
    if (tenths == 150) {
      ::kill(pid_, SIGKILL);
      return reap(true).value_or(-1);
    }
    std::this_thread::sleep_for(100ms);
  }
  return exit_.value_or(-1);
}

std::string NodeProcess::log() const { return read_text(folder_.path() / "log.txt"); }

}  // namespace diemcau::bench
