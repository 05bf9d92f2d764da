// Texts for operators, and the command line that prints them.
#include "node/catalogue.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "node/cli.h"
#include "node/keys.h"
#include "node/roster.h"
#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

int command(std::vector<const char*> words, const RunNode& run = {}) {
  words.insert(words.begin(), "diemcau-node");
  return run_cli(static_cast<int>(words.size()), words.data(), run);
}

// How often each argument number stands in a format.
std::string arguments_in(std::string_view format) {
  std::string found;
  for (char number = '0'; number <= '9'; ++number) {
    const std::string field = std::string("{") + number + "}";
    if (format.find(field) != std::string_view::npos) found += number;
  }
  return found;
}

class Environment {
 public:
  explicit Environment(const char* lang) {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
      const char* value = std::getenv(name);
      before_.emplace_back(name, value ? std::optional<std::string>(value) : std::nullopt);
      unsetenv(name);
    }
    if (lang) setenv("LANG", lang, 1);
  }
  ~Environment() {
    for (const auto& [name, value] : before_) {
      if (value) {
        setenv(name.c_str(), value->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
  }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> before_;
};

}  // namespace

TEST_CASE("every text exists in both languages and says the same arguments", "[node][catalogue]") {
  for (const TextRow& row : kTexts) {
    INFO(row.en);
    CHECK(std::string_view{row.vi} != "");
    CHECK(arguments_in(row.vi) == arguments_in(row.en));
  }
}

TEST_CASE("the language follows the environment", "[node][catalogue]") {
  for (const auto& [lang, expected] :
       std::vector<std::pair<const char*, Language>>{{"vi_VN.UTF-8", Language::vi},
                                                     {"en_US.UTF-8", Language::en},
                                                     {"C.UTF-8", Language::en},
                                                     {nullptr, Language::en}}) {
    const Environment environment{lang};
    CHECK(language_of_environment() == expected);
  }
}

TEST_CASE("a sentence inside a sentence is in the language of the whole", "[node][catalogue]") {
  const Sentence s = sentence<Text::setting_refused>("f:1", "key", sentence<Text::a_list>(),
                                                     sentence<Text::want_flag>());
  CHECK(s.en == "f:1: key is a list; write true or false");
  CHECK(s.vi == "f:1: key đang là một danh sách; hãy ghi true hoặc false");
}

TEST_CASE("keygen into a folder, roster new, add and show work together", "[node][cli]") {
  ScratchDir dir;
  const std::string folder = dir.path().string(), roster = folder + "/roster.toml";
  CHECK(command({"keygen", "--out", folder.c_str()}) == 0);
  CHECK(PrivateKey::load(folder + "/key.pem").public_key().der().size() == 91);
  CHECK(command({"roster", "new", "--roster", roster.c_str(), "--province", "Đắk Lắk"}) == 0);
  const std::string key = folder + "/public.txt";
  CHECK(command({"roster", "add", "--roster", roster.c_str(), "--id", "ttam", "--name",
                 "Điểm cầu trung tâm", "--role", "central", "--address", "127.0.0.1:5004",
                 "--address", "[::1]:5004", "--key", key.c_str()}) == 0);
  CHECK(command({"roster", "show", "--roster", roster.c_str(), "--json"}) == 0);
  const Roster made = load_roster(roster);
  REQUIRE(made.bridges.size() == 1);
  CHECK(made.province == "Đắk Lắk");
  CHECK(made.bridges[0].addresses.size() == 2);
  CHECK(made.bridges[0].public_key == PrivateKey::load(folder + "/key.pem").public_key());
}

TEST_CASE("keygen to a file writes the public key beside it", "[node][cli]") {
  ScratchDir dir;
  const std::string file = (dir.path() / "k.pem").string();
  CHECK(command({"keygen", "--out", file.c_str(), "--json"}) == 0);
  std::string text;
  std::ifstream{file + ".pub"} >> text;
  CHECK(PublicKey::from_base64(text) == PrivateKey::load(file).public_key());
  CHECK(command({"keygen", "--out", file.c_str()}) == 2);
}

TEST_CASE("bad input on the command line ends with 2 and changes nothing", "[node][cli]") {
  ScratchDir dir;
  const std::string roster = (dir.path() / "roster.toml").string();
  REQUIRE(command({"roster", "new", "--roster", roster.c_str()}) == 0);
  const std::string before = roster_text(load_roster(roster));
  CHECK(command({"roster", "new", "--roster", roster.c_str()}) == 2);
  CHECK(command({"roster", "add", "--roster", roster.c_str(), "--id", "a", "--name", "A", "--key",
                 "rubbish"}) == 2);
  CHECK(command({"roster", "add", "--roster", roster.c_str(), "--id", "a"}) == 2);
  CHECK(command({"roster", "show", "--roster", "/nowhere/roster.toml"}) == 2);
  CHECK(command({}) == 2);
  CHECK(command({"runn"}) == 2);
  CHECK(command({"run"}) == 2);
  CHECK(command({"run", "--config", "/nowhere/bridge.toml"}) == 2);
  CHECK(roster_text(load_roster(roster)) == before);
}

TEST_CASE("run hands over the configuration and its options", "[node][cli]") {
  ScratchDir dir;
  const std::string file = (dir.path() / "bridge.toml").string();
  std::ofstream{file} << "[node]\nid = \"a\"\ndata_dir = \"d\"\n[roster]\nfile = \"r\"\n";
  const int exit_code =
      command({"run", "--config", file.c_str(), "--summary", "s.json", "--seconds", "30"},
              [&](const Config& config, const RunOptions& options) {
                CHECK(config.id == "a");
                CHECK(config.data_dir == dir.path() / "d");
                CHECK(options.summary == std::filesystem::path("s.json"));
                CHECK(options.seconds == 30);
                CHECK_FALSE(options.input_log.has_value());
                return 0;
              });
  CHECK(exit_code == 0);
}

TEST_CASE("whatever stops a run ends with 2, not with a crash", "[node][cli]") {
  ScratchDir dir;
  const std::string file = (dir.path() / "bridge.toml").string();
  std::ofstream{file} << "[node]\nid = \"a\"\ndata_dir = \"d\"\n[roster]\nfile = \"r\"\n";
  CHECK(command({"run", "--config", file.c_str()}, [](const Config&, const RunOptions&) -> int {
          fail<Text::port_in_use>("127.0.0.1:5004", "node.listen");
        }) == 2);
  CHECK(command({"run", "--config", file.c_str()}, [](const Config&, const RunOptions&) -> int {
          throw std::runtime_error("the fan fell off");
        }) == 2);
}
