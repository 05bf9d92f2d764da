// One object with the names of docs/LAB.md; a figure that was not measured is absent, never 0.
#include "node/summary.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/quality/flow_figures.h"

namespace diemcau::node {

namespace {

using Json = nlohmann::ordered_json;
using quality::FlowReport;

// Microseconds and millionths are finer than anything measured here.
double rounded(double value) { return std::round(value * 1e6) / 1e6; }

std::string id_of(const Summary& s, PeerId peer) {
  return peer.value < s.bridge_ids.size() ? s.bridge_ids[peer.value] : "unknown";
}

// A flow that this node received.
Json row_of(const Summary& s, const FlowReport& f) {
  Json row;
  row["from"] = id_of(s, f.from);
  row["to"] = s.id;
  row["media"] = f.media == MediaKind::audio ? "audio" : "video";
  row["layer"] = name_of(f.layer);
  row["source"] = name_of(f.source);
  for (const quality::FlowFigure& figure : quality::flow_figures(f)) {
    Json& place = figure.group != nullptr ? row[figure.group][figure.name] : row[figure.name];
    if (figure.whole) {
      place = static_cast<std::uint64_t>(figure.value);
    } else {
      place = rounded(figure.value);
    }
  }
  return row;
}

Json recording_of(const RecordPart& part) {
  Json row;
  row["bridge"] = part.bridge;
  row["part"] = part.part;
  row["path"] = part.path;
  row["layer"] = name_of(part.layer);
  row["source"] = name_of(part.source);
  if (!part.began.empty()) row["began_at"] = part.began;
  row["duration_s"] = rounded(part.duration_s);
  row["frames"] = part.frames;
  if (part.av_offset_ms) row["av_offset_ms"] = rounded(*part.av_offset_ms);
  return row;
}

[[noreturn]] void refuse(const std::filesystem::path& path, int error) {
  throw std::runtime_error("cannot write " + path.string() + ": " + std::strerror(error));
}

bool write_all(int fd, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t done = ::write(fd, text.data() + at, text.size() - at);
    if (done < 0 && errno != EINTR) return false;
    if (done > 0) at += static_cast<std::size_t>(done);
  }
  return ::fsync(fd) == 0;
}

}  // namespace

std::string summary_json(const Summary& summary) {
  Json j;
  j["schema"] = 1;
  j["id"] = summary.id;
  j["name"] = summary.name;
  if (!summary.began.empty()) j["began_at"] = summary.began;
  j["seconds"] = rounded(summary.seconds);
  j["rss_max_mib"] = rounded(rss_max_mib());
  j["late_encodes"] = summary.late_encodes;
  j["encode_effort"] = static_cast<int>(summary.effort);
  // To whom droppable pictures did not go: half rate, or the path was late.
  Json left_out = Json::object();
  for (const quality::PathReport& path : summary.report.paths) {
    if (path.pictures_left_out > 0) left_out[id_of(summary, path.peer)] = path.pictures_left_out;
  }
  if (!left_out.empty()) j["pictures_left_out"] = std::move(left_out);
  j["pairs"] = Json::array();
  for (const FlowReport& f : summary.report.flows) j["pairs"].push_back(row_of(summary, f));
  for (const quality::DocumentReport& d : summary.report.documents)
    j["documents"].push_back({{"bridge", id_of(summary, d.bridge)},
                              {"times", d.times},
                              {"seconds", rounded(to_ms_double(d.shown_for) / 1000)}});
  j["recordings"] = Json::array();
  for (const RecordPart& part : summary.recordings) j["recordings"].push_back(recording_of(part));
  if (summary.grid) j["grid"] = *summary.grid;
  if (summary.mix) j["mix"] = *summary.mix;
  j["drops"] = Json::object();
  for (const auto& [place, count] : summary.drops) j["drops"][place] = count;
  // A name that is not UTF-8 is shown damaged rather than losing the whole summary.
  return j.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void write_summary(const std::filesystem::path& path, const Summary& summary) {
  const std::string text = summary_json(summary);
  std::filesystem::path beside = path;
  beside += ".new";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) refuse(path, errno);
  const bool written = write_all(fd, text);
  const int error = errno;
  ::close(fd);
  if (!written) {
    ::unlink(beside.c_str());
    refuse(path, error);
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) refuse(path, errno);
}

double rss_max_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;  // Linux counts in KiB
}

}  // namespace diemcau::node
