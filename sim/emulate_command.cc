// Ports are told before the first datagram is relayed; figures are told at the end.
#include "sim/emulate_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sim/config_table.h"
#include "sim/emulator.h"
#include "sim/run_files.h"

namespace diemcau::sim {

namespace {

using Json = nlohmann::ordered_json;

// Random outages are drawn for so long when no end is given.
constexpr Duration kLongestRun = 24h;

std::optional<unsigned> number_of(std::string_view text, unsigned most) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

// "127.0.0.1:5004"
std::optional<Endpoint> parse_ipv4(std::string_view text) {
  std::uint32_t ip = 0;
  for (const char separator : {'.', '.', '.', ':'}) {
    const std::size_t end = text.find(separator);
    if (end == text.npos) return std::nullopt;
    const auto octet = number_of(text.substr(0, end), 255);
    if (!octet) return std::nullopt;
    ip = ip << 8 | *octet;
    text.remove_prefix(end + 1);
  }
  const auto port = number_of(text, 65'535);
  if (!port || *port == 0) return std::nullopt;
  return Endpoint::v4(ip, static_cast<std::uint16_t>(*port));
}

std::string text_of(const Endpoint& e) {
  return std::to_string(e.ip[12]) + "." + std::to_string(e.ip[13]) + "." +
         std::to_string(e.ip[14]) + "." + std::to_string(e.ip[15]) + ":" + std::to_string(e.port);
}

std::string read_text(const std::string& path, const std::string& remedy) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) throw ScenarioError(path, 0, "", "cannot be read", remedy);
  return text;
}

// By viewer, then by whom it looks for.
std::string ports_json(const Scenario& scenario, const RelaySockets& sockets) {
  Json ports = Json::object();
  const auto count = static_cast<std::uint16_t>(scenario.members.size());
  for (std::uint16_t viewer = 0; viewer < count; ++viewer) {
    Json& own = ports[scenario.members[viewer].name] = Json::object();
    for (std::uint16_t other = 0; other < count; ++other) {
      if (other != viewer)
        own[scenario.members[other].name] = text_of(sockets.stand_in(other, viewer));
    }
  }
  return Json{{"schema", 1}, {"ports", ports}}.dump(1) + "\n";
}

}  // namespace

std::vector<Endpoint> parse_address_map(std::string_view text, const std::string& file_name,
                                        const Scenario& scenario) {
  const ConfigTable root = ConfigTable::parse(text, file_name);
  root.allow_only({"address"});
  const auto table = root.table("address");
  if (!table) root.fail("address", "is missing", "add [address] with one line per member");
  std::vector<std::string> names;
  for (const Site& site : scenario.members) names.push_back(site.name);
  table->allow_only(names);
  std::vector<Endpoint> addresses;
  for (const std::string& name : names) {
    const auto value = table->text(name);
    if (!value) table->fail(name, "is missing", "add " + name + " = \"127.0.0.1:PORT\"");
    const auto address = parse_ipv4(*value);
    if (!address)
      table->fail(name, "\"" + *value + "\" is no address", "write it as \"127.0.0.1:5004\"");
    if (address->ip[12] != 127)  // the relays live on loopback, and so must what they talk to
      table->fail(name, "\"" + *value + "\" is not on loopback", "write it as \"127.0.0.1:5004\"");
    if (std::find(addresses.begin(), addresses.end(), *address) != addresses.end())
      table->fail(name, "has the address of another member", "give each its own port");
    addresses.push_back(*address);
  }
  return addresses;
}

EmulateCommand::EmulateCommand(CLI::App& app)
    : command_(app.add_subcommand("emulate",
                                  "Carry real nodes' datagrams over a scenario's lines "
                                  "in real time, on loopback")) {
  Arguments& a = arguments_;
  CLI::App& c = *command_;
  c.add_option("scenario", a.scenario, "Scenario file (TOML)")->required();
  c.add_option("--map", a.map, "Where every member listens: [address] NAME = \"127.0.0.1:PORT\"")
      ->required();
  c.add_option("--seed", a.seed, "Seed of all randomness; beats the file's")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{9'007'199'254'740'991}));
  c.add_option("--profile", a.profile, "Profile for every site but central");
  c.add_option("--seconds", a.seconds, "End after this time; else at SIGTERM or SIGINT")
      ->check(CLI::Range(1U, 86'400U));
  c.add_option("--ports", a.ports,
               "File for where each member finds the others (JSON); else standard output");
  c.add_option("--stats", a.stats, "File for the figures (JSON); else standard output at the end");
}

bool EmulateCommand::asked_for() const { return command_->parsed(); }

int EmulateCommand::run() const {
  const Arguments& a = arguments_;
  const Scenario scenario = read_scenario(a.scenario, {a.profile, a.seed});
  const std::string map = read_text(a.map, "give the file that says where members are");
  const auto addresses = parse_address_map(map, a.map, scenario);
  const Duration length = a.seconds ? std::chrono::seconds(*a.seconds) : kLongestRun;
  Emulator emulator{scenario, addresses, std::max(length, scenario.duration) + 1min};
  RelaySockets& sockets = emulator.sockets();
  sockets.take_precedence();
  sockets.stop_on_signals();
  const std::string ports = ports_json(scenario, sockets);
  if (a.ports) {
    write_file(*a.ports, ports);
  } else {
    std::fputs(ports.c_str(), stdout);
  }
  std::puts("ready");
  std::fflush(stdout);
  const Timestamp end = Timestamp{} + length;
  while (!sockets.stopped() && sockets.now() < end) emulator.turn(end);
  const std::string stats = emulator.stats_json(scenario);
  if (a.stats) {
    write_file(*a.stats, stats);
  } else {
    std::fputs(stats.c_str(), stdout);
  }
  return 0;
}

}  // namespace diemcau::sim
