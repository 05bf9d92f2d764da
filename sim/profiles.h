// The [profile.…] tables of a scenario and of the files beside it, and how they build on each
// other.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/config_table.h"
#include "sim/line_keys.h"

namespace diemcau::sim {

// Profiles of the scenario are checked at once. A name that it does not have is looked for in
// profiles/NAME.toml beside it and in the folder above.
class Profiles {
 public:
  Profiles(const ConfigTable& root, FileReader read_file);
  // With everything that it extends. `at` and `key` say who asks, for the error.
  ProfileDraft resolve(const std::string& name, const ConfigTable& at,
                       const std::string& key) const;

 private:
  const ConfigTable* find(const std::string& name) const;

  FileReader read_file_;
  mutable std::map<std::string, ConfigTable> tables_;  // of files: as they are asked for
  std::vector<std::string> names_;
};

}  // namespace diemcau::sim
