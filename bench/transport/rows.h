// Rows that several cases have.
#pragma once

#include <string>
#include <vector>

#include "bench/transport/cases.h"

namespace diemcau::judge {

// The one bottleneck of RFC 8867's topologies, towards the receivers.
inline const std::string kUp = "bottleneck/up";

Row used(const std::string& line, Bar bar, Span span);
Row queue_p95(const std::string& line, Bar bar, std::vector<Span> spans);

// How many the sender's camera has made in a minute.
Row key_frames(Bar bar, Span span);

struct MeetingBars {
  Bar worst_bridge, median_pair;  // still pictures' part of the time
  Bar median_pictures, worst_pictures;
  Bar used;  // of the districts' uplinks
};
// What people see of each other in a meeting of many.
std::vector<Row> meeting_pictures(const MeetingBars& bars);

}  // namespace diemcau::judge
