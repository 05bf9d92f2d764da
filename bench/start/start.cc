// What the lab does before virtual time begins, and nothing else: a process starts, reads a
// scenario and lays its lines. `./dev bench sim` takes the time of it.
// Usage: lab-start SCENARIO.toml
#include <exception>
#include <iostream>
#include <vector>

#include "sim/large_pages.h"
#include "sim/line_paths.h"
#include "sim/link.h"
#include "sim/scenario.h"

int main(int argc, char** argv) {
  using namespace diemcau::sim;
  begin_with_large_pages(argv);
  if (argc != 2) {
    std::cerr << "usage: lab-start SCENARIO.toml\n";
    return 2;
  }
  try {
    const Scenario scenario = read_scenario(argv[1], {});
    const LinePaths paths{scenario};
    std::vector<Link> lines;
    for (const NamedLine& line : paths.lines())
      lines.emplace_back(line.config, LinkIdentity{scenario.seed, lines.size(), scenario.duration});
    std::cout << scenario.members.size() << " sites, " << lines.size() << " lines\n";
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << '\n';
    return 2;
  }
}
