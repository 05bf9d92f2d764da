// The door through which a command on the same machine reaches the bridge that runs: a Unix socket
// in its data folder.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace diemcau::node {

// `<data_dir>/control.sock`, mode 0600. Whoever is neither the node's own user nor root is turned
// away by the kernel's word for who connects, whatever the folder's permissions are. One line in,
// one line out, one caller at a time; a caller whose line is not whole after two seconds is left.
class ControlSocket {
 public:
  // Called on the socket's thread, with a line of at most kMostControlBytes; a longer one comes as
  // an empty one. Throws nothing.
  using Answer = std::function<std::string(std::string_view line)>;

  static std::filesystem::path path_in(const std::filesystem::path& data_dir) {
    return data_dir / "control.sock";
  }
  // Takes the place of a socket whose node has ended. Throws std::system_error when the path cannot
  // be used or another node listens there.
  ControlSocket(const std::filesystem::path& path, Answer answer);
  // Whoever is just speaking is left; an answer that is being made is waited for.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The answer of the node that listens there; nothing when none does, or it says nothing in time.
std::optional<std::string> ask_control(const std::filesystem::path& path, std::string_view line);

}  // namespace diemcau::node
