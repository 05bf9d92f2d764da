#include "bench/transport/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace diemcau::judge {

namespace {

std::string kbps(std::int64_t bits) {
  return fmt::format("{:.0f}", static_cast<double>(bits) / to_ms_double(kBin));
}
std::string delay(Duration d) { return fmt::format("{:.1f}", to_ms_double(d)); }

// Walks through a log bin by bin; the last entry of each stands.
template <typename Entry, typename TimeOf>
class Cursor {
 public:
  Cursor(const std::vector<Entry>& log, TimeOf time_of) : log_(log), time_of_(time_of) {}
  // Those before `end` that were not given yet.
  std::span<const Entry> until(Timestamp end) {
    const std::size_t first = next_;
    while (next_ < log_.size() && time_of_(log_[next_]) < end) ++next_;
    return std::span{log_}.subspan(first, next_ - first);
  }

 private:
  const std::vector<Entry>& log_;
  TimeOf time_of_;
  std::size_t next_ = 0;
};

struct FlowColumns {
  FlowColumns(const FlowLog& f)
      : flow(f),
        pictures(f.pictures, [](const Picture& p) { return p.shown_at; }),
        sounds(f.sounds, [](const Sound& s) { return s.plays_at; }) {}

  static std::string header(const std::string& n) {
    return fmt::format(
        "\tsent_kbps {0}\tarrived_kbps {0}\tlayer {0}\tvideo_ms {0}\taudio_ms {0}"
        "\tconcealed {0}",
        n);
  }
  std::string cells(std::size_t bin, Timestamp end) {
    const auto shown = pictures.until(end);
    std::string audio_ms;
    std::uint32_t concealed = 0;
    for (const Sound& s : sounds.until(end)) {
      if (s.captured_at) audio_ms = delay(s.plays_at - *s.captured_at);
      if (s.concealed()) concealed += s.samples;
    }
    return fmt::format("\t{}\t{}\t{}\t{}\t{}\t{}", kbps(flow.bins[bin].sent_bits),
                       kbps(flow.bins[bin].arrived_bits),
                       shown.empty() ? "" : name_of(shown.back().layer),
                       shown.empty() ? "" : delay(shown.back().delay()), audio_ms, concealed);
  }

  const FlowLog& flow;
  Cursor<Picture, Timestamp (*)(const Picture&)> pictures;
  Cursor<Sound, Timestamp (*)(const Sound&)> sounds;
};

struct EncoderColumns {
  EncoderColumns(const EncoderLog& e)
      : targets(e.targets, [](const EncoderTarget& t) { return t.at; }) {}

  static std::string header(const std::string& n) {
    return fmt::format("\tlo_target_kbps {0}\tmid_target_kbps {0}\thi_target_kbps {0}", n);
  }
  std::string cells(Timestamp end) {
    for (const EncoderTarget& t : targets.until(end))
      kbps_of[static_cast<std::size_t>(t.layer)] = t.active ? t.rate.kbps() : 0;
    return fmt::format("\t{}\t{}\t{}", kbps_of[1], kbps_of[2], kbps_of[3]);
  }

  Cursor<EncoderTarget, Timestamp (*)(const EncoderTarget&)> targets;
  std::int64_t kbps_of[4] = {};
};

std::vector<FlowName> flows_of(const Recording& r, const Case& c) {
  if (!c.flows.empty()) return c.flows;
  std::vector<FlowName> all;
  for (const std::string& from : r.names) {
    for (const std::string& to : r.names) {
      if (from != to) all.push_back({from, to});
    }
  }
  return all;
}

}  // namespace

void write_series(const Recording& r, const Case& of, std::ostream& out) {
  std::vector<const LineLog*> lines;
  std::vector<FlowColumns> flows;
  std::vector<EncoderColumns> encoders;
  std::vector<std::string> senders;
  out << "t_s";
  for (const std::string& name : of.lines) {
    lines.push_back(&r.line(name));
    out << fmt::format("\tcapacity_kbps {0}\town_kbps {0}\tforeign_kbps {0}\tqueue_ms {0}", name);
  }
  for (const FlowName& f : flows_of(r, of)) {
    flows.emplace_back(r.flow(f.from, f.to));
    out << FlowColumns::header(f.from + ">" + f.to);
    if (std::find(senders.begin(), senders.end(), f.from) == senders.end())
      senders.push_back(f.from);
  }
  for (const std::string& sender : senders) {
    encoders.emplace_back(r.encoders[r.member(sender)]);
    out << EncoderColumns::header(sender);
  }
  out << '\n';
  for (std::size_t bin = 0; bin + 1 < r.flows.front().bins.size(); ++bin) {
    const Timestamp end = Timestamp{} + static_cast<std::int64_t>(bin + 1) * kBin;
    out << fmt::format("{:.1f}", to_ms_double(end - kBin - Timestamp{}) / 1e3);
    for (const LineLog* line : lines) {
      const LineBin& b = line->bins[bin];
      out << '\t' << kbps(b.capacity_bits) << '\t' << kbps(b.own_bits) << '\t'
          << kbps(b.foreign_bits) << '\t' << delay(b.longest_wait);
    }
    for (FlowColumns& f : flows) out << f.cells(bin, end);
    for (EncoderColumns& e : encoders) out << e.cells(end);
    out << '\n';
  }
}

}  // namespace diemcau::judge
