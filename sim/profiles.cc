#include "sim/profiles.h"

#include <algorithm>
#include <utility>

namespace diemcau::sim {

namespace {

constexpr std::size_t kLongestExtends = 16;

ProfileDraft read_profile(const ConfigTable& t, const FileReader& read_file) {
  std::vector<std::string> keys{"extends", "up", "down", "source"};
  keys.insert(keys.end(), weather_keys().begin(), weather_keys().end());
  t.allow_only(keys);
  static_cast<void>(t.text("source"));
  return read_line_keys(t, read_file);
}

bool is_file_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

}  // namespace

Profiles::Profiles(const ConfigTable& root, FileReader read_file)
    : read_file_(std::move(read_file)) {
  const auto all = root.table("profile");
  if (!all) return;
  for (const std::string& name : all->keys()) {
    tables_.emplace(name, *all->table(name));
    names_.push_back(name);
  }
  for (const std::string& name : names_) static_cast<void>(resolve(name, *all, name));
}

const ConfigTable* Profiles::find(const std::string& name) const {
  const auto known = tables_.find(name);
  if (known != tables_.end()) return &known->second;
  if (!is_file_name(name)) return nullptr;
  for (const std::string folder : {"profiles/", "../profiles/"}) {
    const std::string path = folder + name + ".toml";
    const auto text = read_file_(path);
    if (!text) continue;
    const ConfigTable file = ConfigTable::parse(*text, path);
    file.allow_only({"profile"});
    const auto all = file.table("profile");
    if (!all || !all->has(name))
      file.fail("profile", "has no [profile." + name + "]", "name the table as the file");
    all->allow_only({name});
    return &tables_.emplace(name, *all->table(name)).first->second;
  }
  return nullptr;
}

ProfileDraft Profiles::resolve(const std::string& name, const ConfigTable& at,
                               const std::string& key) const {
  std::vector<std::string> chain;
  std::vector<const ConfigTable*> tables;
  const ConfigTable* asked_by = &at;
  std::string asked_key = key;
  for (std::optional<std::string> next = name; next;) {
    const ConfigTable* found = find(*next);
    if (found == nullptr) {
      const auto near = nearest(*next, names_);
      asked_by->fail(asked_key, "there is no profile \"" + *next + "\"",
                     near ? "did you mean \"" + *near + "\"?" : "add [profile." + *next + "]");
    }
    if (std::find(chain.begin(), chain.end(), *next) != chain.end())
      asked_by->fail(asked_key, "extends itself through \"" + *next + "\"", "break the circle");
    if (chain.size() == kLongestExtends)
      asked_by->fail(asked_key, "is the end of a chain of more than 16", "shorten it");
    chain.push_back(*next);
    tables.push_back(found);
    asked_by = found;
    asked_key = "extends";
    next = found->text("extends");
  }
  ProfileDraft draft;
  for (auto table = tables.rbegin(); table != tables.rend(); ++table)
    draft.override_with(read_profile(**table, read_file_));
  return draft;
}

}  // namespace diemcau::sim
