// The [profile.…] tables of a scenario: what a line may say, and how profiles and sites build on
// each other.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/units/bitrate.h"
#include "core/units/byte_count.h"
#include "core/units/time.h"
#include "sim/config_table.h"

namespace diemcau::sim {

struct LinkDraft {
  std::optional<Bitrate> rate;
  std::optional<Duration> delay;
  std::optional<Duration> queue_time;
  std::optional<ByteCount> queue_bytes;
  std::optional<std::uint32_t> overhead;

  void override_with(const LinkDraft& o) {
    if (o.rate) rate = o.rate;
    if (o.delay) delay = o.delay;
    if (o.overhead) overhead = o.overhead;
    if (o.queue_time || o.queue_bytes) {
      queue_time = o.queue_time;
      queue_bytes = o.queue_bytes;
    }
  }
};

struct ProfileDraft {
  LinkDraft up, down;
  std::optional<std::uint64_t> loss_parts;

  void override_with(const ProfileDraft& o) {
    up.override_with(o.up);
    down.override_with(o.down);
    if (o.loss_parts) loss_parts = o.loss_parts;
  }
};

// `up` and `down` of a profile, a site or a group.
ProfileDraft read_line_keys(const ConfigTable& t);

// All profiles, checked at once.
class Profiles {
 public:
  explicit Profiles(const ConfigTable& root);
  // With everything that it extends. `at` and `key` say who asks, for the error.
  ProfileDraft resolve(const std::string& name, const ConfigTable& at,
                       const std::string& key) const;

 private:
  std::map<std::string, ConfigTable> tables_;
  std::vector<std::string> names_;
};

}  // namespace diemcau::sim
