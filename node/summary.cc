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

#include "core/quality/emodel.h"

namespace diemcau::node {

namespace {

using Json = nlohmann::ordered_json;
using quality::FlowReport;

// Microseconds and millionths are finer than anything measured here.
double rounded(double value) { return std::round(value * 1e6) / 1e6; }

double seconds(Duration d) { return to_ms_double(d) / 1e3; }

double ratio(std::uint64_t part, std::uint64_t whole) {
  return rounded(static_cast<double>(part) / static_cast<double>(whole));
}

std::string id_of(const Summary& s, PeerId peer) {
  return peer.value < s.bridge_ids.size() ? s.bridge_ids[peer.value] : "unknown";
}

void add_delay(Json& row, const FlowReport& f) {
  if (f.end_to_end.count() == 0) return;
  Json delay;
  for (const auto& [name, parts] : {std::pair{"p50", 5000U}, {"p95", 9500U}, {"p99", 9900U}})
    delay[name] = rounded(to_ms_double(*f.end_to_end.quantile(parts)));
  row["end_to_end_ms"] = delay;
}

void add_picture(Json& row, const FlowReport& f) {
  row["frames_undecodable"] = f.frames_undecodable;
  row["freezes"] = f.freezes;
  row["freeze_s"] = rounded(seconds(f.freeze_time));
  row["longest_freeze_s"] = rounded(seconds(f.longest_freeze));
}

void add_sound(Json& row, const FlowReport& f) {
  if (f.frames > 0 && f.audio_frames_lost_after_buffer)
    row["residual_loss_ratio"] = ratio(*f.audio_frames_lost_after_buffer, f.frames);
  if (f.samples_played == 0) return;
  const double concealed = ratio(f.samples_concealed, f.samples_played);
  row["concealed_ratio"] = concealed;
  const auto delay = f.end_to_end.mean();
  if (!delay) return;
  const double r = quality::r_factor(*delay, concealed);
  row["r_factor"] = rounded(r);
  row["mos"] = rounded(quality::mos(r));
}

// A flow that this node received.
Json row_of(const Summary& s, const FlowReport& f) {
  Json row;
  row["from"] = id_of(s, f.from);
  row["to"] = s.id;
  row["media"] = f.media == MediaKind::audio ? "audio" : "video";
  row["layer"] = name_of(f.layer);
  const double lasted = seconds(f.measured_for);
  if (lasted > 0) {
    row["fps"] = rounded(static_cast<double>(f.frames_shown) / lasted);
    row["received_kbps"] = rounded(static_cast<double>(f.bytes_received) * 8 / 1e3 / lasted);
  }
  add_delay(row, f);
  if (const std::uint64_t packets = f.packets_received + f.packets_lost; packets > 0)
    row["loss_ratio"] = ratio(f.packets_lost, packets);
  row["frames"] = f.frames;
  if (f.media == MediaKind::video) {
    add_picture(row, f);
  } else {
    add_sound(row, f);
  }
  return row;
}

Json recording_of(const RecordPart& part) {
  Json row;
  row["bridge"] = part.bridge;
  row["part"] = part.part;
  row["path"] = part.path;
  row["layer"] = name_of(part.layer);
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
  j["seconds"] = rounded(summary.seconds);
  j["rss_max_mib"] = rounded(rss_max_mib());
  j["late_encodes"] = summary.late_encodes;
  j["pairs"] = Json::array();
  for (const FlowReport& f : summary.report.flows) j["pairs"].push_back(row_of(summary, f));
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
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
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
