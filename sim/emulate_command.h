// `diemcau-sim emulate`: real nodes talk over a scenario's lines, on loopback and without root.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/units/ids.h"
#include "sim/scenario.h"

namespace CLI {
class App;
}

namespace diemcau::sim {

// Declares itself; after parsing, asked for: run().
class EmulateCommand {
 public:
  explicit EmulateCommand(CLI::App& app);
  bool asked_for() const;
  // Exit code. Throws ScenarioError for bad input.
  int run() const;

 private:
  struct Arguments {
    std::string scenario, map;
    std::optional<std::uint64_t> seed;
    std::optional<std::string> profile, stats, ports;
    std::optional<std::uint32_t> seconds;
  };
  Arguments arguments_;
  CLI::App* command_;
};

// Where each member of the scenario listens, by index: [address] with one "IPv4:port" per name.
std::vector<Endpoint> parse_address_map(std::string_view text, const std::string& file_name,
                                        const Scenario& scenario);

}  // namespace diemcau::sim
