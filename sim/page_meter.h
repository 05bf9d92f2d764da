// When the pages of a document could be read at each of the others.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/quality/histogram.h"
#include "core/units/time.h"
#include "sim/observer.h"

namespace diemcau::sim {

// From one member to another.
struct PageReport {
  std::uint16_t from = 0, to = 0;
  std::uint64_t pages = 0;         // of which the receiver saw something
  std::uint64_t whole = 0;         // of them all of it
  quality::Histogram until_whole;  // from the turn to the whole page on the screen
};

// One thread at a time.
class PageMeter {
 public:
  void shown(const PictureShown& picture);
  // From here on figures count anew; a page that is under way is left out.
  void reset(Timestamp now);
  std::vector<PageReport> reports() const;

 private:
  struct Pair {
    PageReport report;
    std::optional<Timestamp> turned_at;  // of the last page
    bool whole = false;
  };
  Timestamp since_;
  std::map<std::pair<std::uint16_t, std::uint16_t>, Pair> pairs_;
};

}  // namespace diemcau::sim
