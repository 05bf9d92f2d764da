// The real node that is measured: its own folder with key, roster and settings, its process, and
// what the kernel says of it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/units/time.h"
#include "node/keys.h"
#include "node/roster.h"

namespace diemcau::bench {

// A folder below the system's temporary one, gone with its object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Ends the process when it goes, and the process ends when we do.
class NodeProcess {
 public:
  NodeProcess(std::filesystem::path program, mesh::Role role);
  ~NodeProcess();
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;

  const node::RosterBridge& roster_entry() const { return entry_; }
  // Throws std::runtime_error.
  void start(const std::vector<node::RosterBridge>& others);

  bool running();
  struct Usage {
    Duration cpu{};                  // user and system, all threads, ended ones too
    std::optional<Duration> core{};  // the thread that owns core and socket
  };
  Usage usage() const;
  double rss_max_mib() const;
  // SIGTERM, and SIGKILL after 15 s. The exit code; -1 when it had to be killed.
  int stop();
  std::filesystem::path summary() const { return folder_.path() / "summary.json"; }
  std::string log() const;

 private:
  std::optional<int> reap(bool wait);

  ScratchFolder folder_;
  std::filesystem::path program_;
  node::PrivateKey key_;
  node::RosterBridge entry_;
  pid_t pid_ = -1;
  std::optional<int> exit_;
};

}  // namespace diemcau::bench
