// Validation of the lab's lines (docs/LAB.md): `rows [ROW…]` prints one JSON object per row,
// `line`, `star` and `tcp` play packets for a second implementation. bench/validate/run.py is the
// driver.
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bench/validate/play.h"
#include "bench/validate/row.h"

namespace {

using diemcau::validate::Check;
using diemcau::validate::Row;
using diemcau::validate::Rows;

bool begins(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

bool wanted(std::string_view name, const std::vector<std::string>& names) {
  if (names.empty()) return true;
  for (const std::string& n : names) {
    if (begins(name, n)) return true;
  }
  return false;
}

// A check is run when one of its rows may be meant.
bool may_answer(std::string_view check, const std::vector<std::string>& names) {
  if (wanted(check, names)) return true;
  for (const std::string& n : names) {
    if (begins(n, check)) return true;
  }
  return false;
}

void print(const Row& row) {
  const nlohmann::ordered_json json{{"row", row.row},           {"measured", row.measured},
                                    {"expected", row.expected}, {"tolerance", row.tolerance},
                                    {"unit", row.unit},         {"pass", row.pass}};
  std::cout << json.dump() << std::endl;
}

int rows(const std::vector<std::string>& names) {
  namespace v = diemcau::validate;
  bool any = false, red = false;
  for (const auto* checks :
       {&v::kQueueChecks, &v::kLossChecks, &v::kDelayChecks, &v::kRateChecks, &v::kOutageChecks}) {
    for (const Check& check : *checks) {
      if (!may_answer(check.name, names)) continue;
      Rows answered;
      check.run(answered);
      for (const Row& row : answered) {
        if (!wanted(row.row, names)) continue;
        any = true;
        red = red || !row.pass;
        print(row);
      }
    }
  }
  return red || !any ? 1 : 0;
}

int run(const std::vector<std::string>& words) {
  const std::string command = words.empty() ? "" : words.front();
  const std::vector<std::string> rest(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (command == "rows") return rows(rest);
  if (command == "line") return diemcau::validate::play_line(rest, std::cin, std::cout), 0;
  if (command == "tcp") return diemcau::validate::play_tcp(rest, std::cout), 0;
  if (command == "star") return diemcau::validate::play_star(rest, std::cin, std::cout), 0;
  std::cerr << "usage: diemcau-validate rows [ROW…] | line OPTION=VALUE… | star OPTION=VALUE… | "
               "tcp OPTION=VALUE…\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    std::cerr << "diemcau-validate: " << e.what() << '\n';
    return 2;
  }
}
