// diemcau-bench: what needs a whole program to be measured; the small ones are the bench-*
// programs.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "bench/host/host_times.h"
#include "bench/load/load.h"
#include "bench/load/rows.h"

namespace {

using namespace diemcau;

// Less than what a socket's buffer and the jitter buffers swallow.
constexpr Duration kMostStall = 500ms;

std::filesystem::path node_beside_us() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "diemcau-node";
}

int load(const bench::LoadOptions& options, bool json) {
  if (::isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "load: {} peers against {}, {} s\n", options.bridges - 1,
               options.node.string(), options.length / std::chrono::seconds(1));
  const bench::LoadResult result = bench::run_load(options);
  const auto rows = bench::rows_of(options, result);
  const std::string name = fmt::format("load/{}/{}", options.bridges,
                                       options.role == mesh::Role::central ? "central" : "member");
  fmt::print("{}", json ? bench::rows_json(name, rows) : bench::rows_table(rows));
  if (result.longest_stall > kMostStall) {
    fmt::print(stderr, "load: the machine stood still for {:.0f} ms; these figures say nothing\n",
               to_ms_double(result.longest_stall));
  }
  if (result.links_up + 1 == options.bridges && result.exit == 0) return 0;
  fmt::print(stderr, "load: {} of {} links were up and the node ended with {}; it said:\n{}\n",
             result.links_up, options.bridges - 1, result.exit, result.log);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures a real node under load"};
  app.require_subcommand(1);
  auto* command = app.add_subcommand(
      "load", "One real diemcau-node against peers that replay frames encoded beforehand");
  bench::LoadOptions options;
  options.node = node_beside_us();
  int seconds = 10;
  std::string role = "central";
  bool json = false;
  command->add_option("--peers", options.bridges, "Bridges in the meeting, the node among them")
      ->check(CLI::Range(2U, 105U))
      ->capture_default_str();
  command->add_option("--seconds", seconds, "Length of the measurement, once all links are up")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->add_option("--node", options.node, "The node's program")->check(CLI::ExistingFile);
  command->add_option("--role", role, "central records and decodes hi; member decodes tiles")
      ->check(CLI::IsMember({"central", "member"}))
      ->capture_default_str();
  command->add_flag("--json", json, "Rows as JSON");
  auto* host = app.add_subcommand(
      "host", "Times of codecs, hand-overs and timers here: the tables of sim/host_times.h");
  host->add_option("--seconds", seconds, "Of video, of sound, of hand-overs and of timers")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  options.length = std::chrono::seconds(seconds);
  options.role = role == "central" ? mesh::Role::central : mesh::Role::member;
  try {
    if (!host->parsed()) return load(options, json);
    fmt::print("{}", bench::host_times(options.length));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "diemcau-bench: {}\n", error.what());
    return 2;
  }
}
