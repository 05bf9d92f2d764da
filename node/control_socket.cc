// unix(7): peer credentials by SO_PEERCRED, and a socket's path of any length through its open
// folder.
#include "node/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "node/control_message.h"
#include "node/descriptor.h"
#include "node/thread_rank.h"

namespace diemcau::node {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWaiting = 8;
constexpr auto kCallerLimit = std::chrono::seconds(2);
constexpr auto kAnswerLimit = std::chrono::seconds(20);  // a slow disk is looked into first
constexpr int kOutOfDescriptorsMs = 1'000;

[[noreturn]] void refuse(int error, const std::filesystem::path& path) {
  throw std::system_error(error, std::generic_category(), path.string());
}

// sun_path holds 107 bytes, a folder's name may be longer: it is named by its descriptor.
class Address {
 public:
  explicit Address(const std::filesystem::path& path)
      : folder_(::open(path.has_parent_path() ? path.parent_path().c_str() : ".",
                       O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    const std::string name =
        "/proc/self/fd/" + std::to_string(folder_.get()) + "/" + path.filename().string();
    address_.sun_family = AF_UNIX;
    valid_ = folder_.valid() && name.size() < sizeof address_.sun_path;
    if (valid_) std::memcpy(address_.sun_path, name.c_str(), name.size() + 1);
  }
  bool valid() const { return valid_; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  const char* name() const { return address_.sun_path; }
  static constexpr socklen_t kSize = sizeof(sockaddr_un);

 private:
  Descriptor folder_;
  sockaddr_un address_{};
  bool valid_ = false;
};

int new_socket(int flags = 0) { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0); }

// Waits until that can be done with the descriptor; not when it is too late, or the node stops.
bool ready(int fd, short what, Clock::time_point until, int stopping) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> events = {{{stopping, POLLIN, 0}, {fd, what, 0}}};  // −1 is passed over
    const int n = ::poll(events.data(), events.size(), static_cast<int>(left));
    if (n < 0 && errno == EINTR) continue;
    return n > 0 && events[0].revents == 0;
  }
}

bool again() { return errno == EAGAIN || errno == EINTR; }

bool send_line(int fd, std::string text, Clock::time_point until, int stopping = -1) {
  text += '\n';
  std::size_t at = 0;
  while (at < text.size()) {
    if (!ready(fd, POLLOUT, until, stopping)) return false;
    const ssize_t n = ::send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && again()) continue;
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

// One line, without its end, or the empty one for what is too long; nothing when it is late or cut
// off.
std::optional<std::string> read_line(int fd, Clock::time_point until, int stopping = -1) {
  std::string line;
  std::array<char, 1'024> block;
  while (line.size() <= kMostControlBytes) {
    if (!ready(fd, POLLIN, until, stopping)) return std::nullopt;
    const ssize_t n = ::recv(fd, block.data(), block.size(), MSG_DONTWAIT);
    if (n < 0 && again()) continue;
    if (n <= 0) return std::nullopt;
    line.append(block.data(), static_cast<std::size_t>(n));
    const std::size_t end = line.find('\n', line.size() - static_cast<std::size_t>(n));
    if (end != std::string::npos) return line.substr(0, end);
  }
  return std::string();
}

bool may_command(int fd) {
  ucred caller{};
  socklen_t size = sizeof caller;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &caller, &size) != 0) return false;
  return caller.uid == ::geteuid() || caller.uid == 0;
}

}  // namespace

struct ControlSocket::Impl {
  Impl(const std::filesystem::path& path, Answer a)
      : address(path),
        listening(new_socket()),
        stopping(::eventfd(0, EFD_CLOEXEC)),
        answer(std::move(a)) {
    if (!address.valid() || !listening.valid() || !stopping.valid()) refuse(errno, path);
    take_place(path);
    // The mode of the descriptor is that of the path: nobody gets in between bind and chmod.
    ::fchmod(listening.get(), 0600);
    if (::bind(listening.get(), address.get(), Address::kSize) != 0) refuse(errno, path);
    if (::listen(listening.get(), kWaiting) != 0) refuse(errno, path);
    thread = std::thread([this] { run(); });
  }
  ~Impl() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(stopping.get(), &one, sizeof one));
    thread.join();
    ::unlink(address.name());
  }

  // Only a socket at which nobody listens any more is taken away.
  void take_place(const std::filesystem::path& path) const {
    struct stat old {};
    if (::lstat(address.name(), &old) != 0) return;
    if (!S_ISSOCK(old.st_mode)) refuse(EEXIST, path);
    const Descriptor probe(new_socket(SOCK_NONBLOCK));
    if (::connect(probe.get(), address.get(), Address::kSize) == 0 || errno == EAGAIN)
      refuse(EADDRINUSE, path);
    if (errno != ECONNREFUSED) refuse(errno, path);
    ::unlink(address.name());
  }

  void run() {
    take_rank(ThreadRank::background, "control");
    for (;;) {
      std::array<pollfd, 2> events = {{{stopping.get(), POLLIN, 0}, {listening.get(), POLLIN, 0}}};
      if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) return;
      if (events[0].revents != 0) return;
      if (events[1].revents == 0) continue;
      const Descriptor caller(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (caller.valid()) {
        serve(caller.get());
      } else if (errno != EINTR && errno != ECONNABORTED) {
        ::poll(events.data(), 1, kOutOfDescriptorsMs);  // the caller is still there at once
      }
    }
  }

  void serve(int caller) const {
    if (!may_command(caller)) return;
    const auto line = read_line(caller, Clock::now() + kCallerLimit, stopping.get());
    if (line) send_line(caller, answer(*line), Clock::now() + kCallerLimit, stopping.get());
  }

  Address address;
  Descriptor listening, stopping;
  Answer answer;
  std::thread thread;
};

ControlSocket::ControlSocket(const std::filesystem::path& path, Answer answer)
    : impl_(std::make_unique<Impl>(path, std::move(answer))) {}
ControlSocket::~ControlSocket() = default;

std::optional<std::string> ask_control(const std::filesystem::path& path, std::string_view line) {
  const Address address(path);
  const Descriptor fd(new_socket());
  if (!address.valid() || !fd.valid()) return std::nullopt;
  const timeval limit{std::chrono::seconds(kAnswerLimit).count(), 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);  // of connect()
  if (::connect(fd.get(), address.get(), Address::kSize) != 0) return std::nullopt;
  const auto until = Clock::now() + kAnswerLimit;
  send_line(fd.get(), std::string(line), until);  // one that is too long is answered in its middle
  return read_line(fd.get(), until);
}

}  // namespace diemcau::node
