// Commands of diemcau-node. CLI11 and JSON live here.
#include "node/cli.h"

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "node/address.h"
#include "node/control_message.h"
#include "node/control_socket.h"
#include "node/keys.h"
#include "node/probe.h"
#include "node/roster.h"
#include "node/toml_table.h"
#include "node/version.h"

namespace diemcau::node {

namespace {

constexpr int kDone = 0, kNo = 1, kBadInput = 2;

struct Arguments {
  std::string config, summary, input_log;
  int seconds = 0;
  std::string source, out, roster, province, id, name, key, peer;
  std::string role = "member";
  std::vector<std::string> addresses;
  bool json = false;
};

struct Commands {
  CLI::App* run = nullptr;
  CLI::App* keygen = nullptr;
  CLI::App* roster_new = nullptr;
  CLI::App* roster_add = nullptr;
  CLI::App* roster_show = nullptr;
  CLI::App* probe = nullptr;
  std::array<CLI::App*, 3> document{};  // by DocumentWish
};

void print(const nlohmann::ordered_json& json) { fmt::print("{}\n", json.dump(2)); }

void declare_document(CLI::App& app, Arguments& a, Commands& c, Language l) {
  CLI::App* document = app.add_subcommand("document", say<Text::help_document>(l));
  document->require_subcommand(1);
  c.document = {document->add_subcommand("start", say<Text::help_document_start>(l)),
                document->add_subcommand("stop", say<Text::help_document_stop>(l)),
                document->add_subcommand("status", say<Text::help_document_status>(l))};
  c.document[0]->add_option("--source", a.source, say<Text::help_document_source>(l));
  for (CLI::App* command : c.document) {
    command->add_option("--config", a.config, say<Text::help_config>(l))->required();
    command->add_flag("--json", a.json, say<Text::help_json>(l));
  }
}

Commands declare(CLI::App& app, Arguments& a, Language l) {
  Commands c;
  app.require_subcommand(1);
  const BuildInfo build = build_info();
  app.set_version_flag("--version", fmt::format("diemcau-node {} ({}, {})", build.version,
                                                build.commit, build.compiler));

  c.run = app.add_subcommand("run", say<Text::help_run>(l));
  c.run->add_option("--config", a.config, say<Text::help_config>(l))->required();
  c.run->add_option("--summary", a.summary, say<Text::help_summary>(l));
  c.run->add_option("--input-log", a.input_log, say<Text::help_input_log>(l));
  c.run->add_option("--seconds", a.seconds, say<Text::help_seconds>(l))
      ->check(CLI::Range(1, 604'800));

  c.keygen = app.add_subcommand("keygen", say<Text::help_keygen>(l));
  c.keygen->add_option("--out", a.out, say<Text::help_out>(l))->required();
  c.keygen->add_flag("--json", a.json, say<Text::help_json>(l));

  c.probe = app.add_subcommand("probe", say<Text::help_probe>(l));
  c.probe->add_option("--config", a.config, say<Text::help_config>(l))->required();
  c.probe->add_option("--peer", a.peer, say<Text::help_probe_peer>(l))->required();
  c.probe->add_option("--seconds", a.seconds, say<Text::help_probe_seconds>(l))
      ->required()
      ->check(CLI::Range(1, 3'600));
  c.probe->add_option("--out", a.out, say<Text::help_probe_out>(l))->required();
  c.probe->add_flag("--json", a.json, say<Text::help_json>(l));

  declare_document(app, a, c, l);
  CLI::App* roster = app.add_subcommand("roster", say<Text::help_roster>(l));
  roster->require_subcommand(1);
  c.roster_new = roster->add_subcommand("new", say<Text::help_roster_new>(l));
  c.roster_new->add_option("--province", a.province, say<Text::help_province>(l));
  c.roster_add = roster->add_subcommand("add", say<Text::help_roster_add>(l));
  c.roster_add->add_option("--id", a.id, say<Text::help_id>(l))->required();
  c.roster_add->add_option("--name", a.name, say<Text::help_name>(l))->required();
  c.roster_add->add_option("--role", a.role, say<Text::help_role>(l))
      ->check(CLI::IsMember({"central", "member"}));
  c.roster_add->add_option("--address", a.addresses, say<Text::help_address>(l));
  c.roster_add->add_option("--key", a.key, say<Text::help_key>(l))->required();
  c.roster_show = roster->add_subcommand("show", say<Text::help_roster_show>(l));
  for (CLI::App* command : {c.roster_new, c.roster_add, c.roster_show}) {
    command->add_option("--roster", a.roster, say<Text::help_roster_file>(l))->required();
    command->add_flag("--json", a.json, say<Text::help_json>(l));
  }
  return c;
}

// A folder gets key.pem and public.txt; a file gets its public key beside it as FILE.pub.
int keygen(const Arguments& a, Language l) {
  namespace fs = std::filesystem;
  const fs::path out{a.out};
  std::error_code error;
  const bool folder = fs::is_directory(out, error) || !out.has_filename();
  const fs::path secret = folder ? out / "key.pem" : out;
  const fs::path open = folder ? out / "public.txt" : fs::path{a.out + ".pub"};
  if (fs::exists(open, error)) fail<Text::file_exists>(open.string());
  const PrivateKey key = PrivateKey::generate();
  key.save(secret);
  const std::string text = key.public_key().base64();
  std::ofstream file{open};
  file << text << '\n';
  file.close();
  if (!file) fail<Text::file_unwritable>(open.string(), std::strerror(errno));
  if (a.json) {
    print({{"key", secret.string()}, {"public_key_file", open.string()}, {"public_key", text}});
  } else {
    fmt::print("{}\n", text);
    fmt::print(stderr, "{}\n", say<Text::key_made>(l, secret.string(), open.string()));
  }
  return kDone;
}

int roster_new(const Arguments& a, Language l) {
  std::error_code error;
  if (std::filesystem::exists(a.roster, error)) fail<Text::file_exists>(a.roster);
  Roster roster;
  if (!a.province.empty()) {
    const auto normal = normal_name(a.province);
    if (!normal)
      fail<Text::setting_refused>("roster new", "--province", a.province,
                                  sentence<Text::want_name>());
    roster.province = *normal;
  }
  save_roster(a.roster, roster);
  if (a.json) {
    print({{"roster", a.roster}, {"serial", roster.serial}});
  } else {
    fmt::print("{}\n", say<Text::roster_made>(l, a.roster));
  }
  return kDone;
}

// The key itself, or a file that holds it.
PublicKey read_public_key(const std::string& given) {
  if (auto key = PublicKey::from_base64(given)) return *key;
  std::error_code error;
  if (std::filesystem::is_regular_file(given, error)) {
    std::string text = read_text_file(given);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
      text.pop_back();
    if (auto key = PublicKey::from_base64(text)) return *key;
  }
  fail<Text::public_key_bad>(given);
}

int roster_add(const Arguments& a, Language l) {
  Roster roster = load_roster(a.roster);
  std::vector<Endpoint> addresses;
  for (const std::string& text : a.addresses) {
    const auto address = parse_address(text);
    if (!address)
      fail<Text::setting_refused>("roster add", "--address", text, sentence<Text::want_address>());
    addresses.push_back(*address);
  }
  add_bridge(roster, {a.id, a.name, a.role == "central" ? mesh::Role::central : mesh::Role::member,
                      std::move(addresses), read_public_key(a.key)});
  save_roster(a.roster, roster);
  const RosterBridge& added = roster.bridges.back();
  if (a.json) {
    print({{"roster", a.roster}, {"id", added.id}, {"serial", roster.serial}});
  } else {
    fmt::print("{}\n", say<Text::roster_added>(l, added.id, added.name, a.roster, roster.serial));
  }
  return kDone;
}

std::vector<std::string> address_texts(const RosterBridge& bridge) {
  std::vector<std::string> texts;
  for (const Endpoint& address : bridge.addresses) texts.push_back(text_of(address));
  return texts;
}

int roster_show(const Arguments& a, Language l) {
  const Roster roster = load_roster(a.roster);
  if (a.json) {
    nlohmann::ordered_json bridges = nlohmann::ordered_json::array();
    for (const RosterBridge& b : roster.bridges)
      bridges.push_back({{"id", b.id},
                         {"name", b.name},
                         {"role", b.role == mesh::Role::central ? "central" : "member"},
                         {"addresses", address_texts(b)},
                         {"public_key", b.public_key.base64()}});
    print({{"province", roster.province}, {"serial", roster.serial}, {"bridges", bridges}});
    return kDone;
  }
  fmt::print("{}\n",
             say<Text::roster_summary>(l, roster.province, roster.serial, roster.bridges.size()));
  for (const RosterBridge& b : roster.bridges) {
    const std::string role =
        b.role == mesh::Role::central ? say<Text::role_central>(l) : say<Text::role_member>(l);
    fmt::print("{}\t{}\t{}\t{}\n", b.id, b.name, role, fmt::join(address_texts(b), " "));
  }
  return kDone;
}

int run(const Arguments& a, const RunNode& run_node, Language& language) {
  const Config config = load_config(a.config);
  language = config.language.value_or(language);
  RunOptions options;
  if (!a.summary.empty()) options.summary = a.summary;
  if (!a.input_log.empty()) options.input_log = a.input_log;
  if (a.seconds > 0) options.seconds = a.seconds;
  return run_node(config, options);
}

int probe(const Arguments& a, Language& language) {
  const Config config = load_config(a.config);
  language = config.language.value_or(language);
  return run_probe(config, {a.peer, a.seconds, a.out, a.json}, language);
}

// Asks the bridge that runs. A file is named from where the operator stands.
int document(const Arguments& a, DocumentWish wish, Language& language) {
  const Config config = load_config(a.config);
  language = config.language.value_or(language);
  ControlRequest request{wish, a.source};
  if (!a.source.empty() && a.source != kGeneratedDocument)
    request.source = std::filesystem::absolute(a.source).lexically_normal().string();
  const auto path = ControlSocket::path_in(config.data_dir);
  const auto line = ask_control(path, text_of(request));
  const auto answer = line ? parse_control_answer(*line) : std::nullopt;
  if (!answer) fail<Text::control_no_answer>(path.string());
  if (!answer->done) throw OperatorError(answer->said);
  if (a.json) {
    print({{"shown", answer->shown}, {"source", answer->source}});
  } else {
    fmt::print("{}\n", answer->said.in(language));
  }
  return wish == DocumentWish::status && !answer->shown ? kNo : kDone;
}

int dispatch(const Commands& c, const Arguments& a, const RunNode& run_node, Language& language) {
  if (c.run->parsed()) return run(a, run_node, language);
  if (c.probe->parsed()) return probe(a, language);
  for (std::size_t i = 0; i < c.document.size(); ++i) {
    if (c.document[i]->parsed()) return document(a, static_cast<DocumentWish>(i), language);
  }
  if (c.keygen->parsed()) return keygen(a, language);
  if (c.roster_new->parsed()) return roster_new(a, language);
  if (c.roster_add->parsed()) return roster_add(a, language);
  return roster_show(a, language);
}

void complain(const std::string& text) { fmt::print(stderr, "diemcau-node: {}\n", text); }

}  // namespace

int run_cli(int argc, const char* const* argv, const RunNode& run_node) {
  Language language = language_of_environment();
  CLI::App app{say<Text::help_program>(language), "diemcau-node"};
  Arguments arguments;
  const Commands commands = declare(app, arguments, language);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    complain(say<Text::usage_error>(language, e.what()));
    return kBadInput;
  }
  try {
    return dispatch(commands, arguments, run_node, language);
  } catch (const OperatorError& e) {
    complain(e.in(language));
  } catch (const std::exception& e) {
    complain(say<Text::unexpected_error>(language, e.what()));
  }
  return kBadInput;
}

}  // namespace diemcau::node
