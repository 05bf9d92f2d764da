#include "bench/transport/recording.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "sim/line_paths.h"
#include "sim/world.h"

namespace diemcau::judge {

namespace {

class Recorder : public sim::Observer {
 public:
  Recorder(const sim::Scenario& scenario, const std::set<std::string>& watched)
      // One more for what is under way at the end.
      : bins_(static_cast<std::size_t>((scenario.duration + kBin - 1ns) / kBin) + 1) {
    out.scenario = scenario;
    for (const sim::Site& site : scenario.members) out.names.push_back(site.name);
    const sim::LinePaths paths{scenario};
    for (const sim::NamedLine& line : paths.lines()) {
      const bool fifo = line.config.discipline == sim::LinkConfig::Discipline::drop_tail;
      out.lines.push_back({line.name, fifo, std::vector<LineBin>(bins_), {}});
      watched_.push_back(watched.count(line.name) > 0);
    }
    for (std::uint16_t from = 0; from < out.names.size(); ++from) {
      for (std::uint16_t to = 0; to < out.names.size(); ++to) {
        auto& path = out.paths.emplace_back();
        if (from == to) continue;
        for (std::size_t hop = 0; hop < paths.hops(from, to); ++hop)
          path.push_back(paths.line(from, to, hop));
      }
    }
    for (const std::string& name : watched) static_cast<void>(out.line(name));
    out.flows.resize(out.names.size() * out.names.size());
    for (FlowLog& flow : out.flows) flow.bins.resize(bins_);
    out.encoders.resize(out.names.size());
  }

  void sent(Timestamp now, const sim::Traffic& what) override {
    FlowBin& bin = flow(what.from, what.to).bins[bin_of(now)];
    ++bin.sent;
    bin.sent_bits += what.bytes * 8;
    bin.repair_bits += what.repair_bytes * 8;
  }
  void arrived(Timestamp now, const sim::Traffic& what) override {
    FlowBin& bin = flow(what.from, what.to).bins[bin_of(now)];
    ++bin.arrived;
    bin.arrived_bits += what.bytes * 8;
  }
  void crossed(std::uint32_t line, const sim::Traffic& what,
               const sim::Link::Result& result) override {
    LineLog& log = out.lines[line];
    const LinePacket packet{what.from,      what.to,       what.foreign,  what.stream.has_value(),
                            result.passage, result.begins, result.waited, what.bytes * 8};
    if (packet.served()) {
      LineBin& bin = log.bins[bin_of(packet.begins)];
      (packet.foreign ? bin.foreign_bits : bin.own_bits) += packet.bits;
      bin.longest_wait = std::max(bin.longest_wait, packet.waited);
      if (packet.foreign)
        bin.longest_foreign_wait = std::max(bin.longest_foreign_wait, packet.waited);
    }
    if (watched_[line]) log.packets.push_back(packet);
  }
  void shown(const sim::PictureShown& what) override {
    FlowLog& to = flow(what.from, what.to);
    if (!what.page) return to.pictures.push_back({what.layer, what.captured_at, what.shown_at});
    const Timestamp turned_at = what.page->turned_at;
    if (to.pages.empty() || to.pages.back().turned_at != turned_at)
      to.pages.push_back({turned_at, std::nullopt});
    if (what.page->whole && !to.pages.back().whole_at) to.pages.back().whole_at = what.shown_at;
  }
  void played(const sim::SoundPlayed& what) override {
    flow(what.from, what.to)
        .sounds.push_back({what.action, what.samples, what.captured_at, what.plays_at});
  }
  void encoder_set(Timestamp now, std::uint16_t member, const mesh::SetEncoder& what) override {
    if (what.source == Source::camera)
      out.encoders[member].targets.push_back(
          {now, what.layer, what.active, what.rate, what.temporal});
  }
  void encoded(Timestamp now, std::uint16_t member, const sim::PictureEncoded& what) override {
    auto& encoder = out.encoders[member];
    const Source source = what.stream.source;
    auto& pictures = source == Source::document ? encoder.pages : encoder.pictures;
    if (has_pictures(source)) pictures.push_back({now, what.stream.layer, what.bytes, what.key});
  }
  void told(Timestamp now, std::uint16_t member, const mesh::Event& what) override {
    if (what.kind != mesh::EventKind::link_up) return;
    bool& up = up_[std::size_t{member} << 16 | what.peer.value];
    if (std::exchange(up, true) || !up_[std::size_t{what.peer.value} << 16 | member]) return;
    flow(member, what.peer.value).up_at = flow(what.peer.value, member).up_at = now;
  }

  Recording out;

 private:
  std::size_t bin_of(Timestamp t) const {
    return std::min(bins_ - 1, static_cast<std::size_t>(to_ns(t) / kBin.count()));
  }
  FlowLog& flow(std::size_t from, std::size_t to) {
    return out.flows[from * out.names.size() + to];
  }

  std::size_t bins_;
  std::vector<bool> watched_;
  std::map<std::size_t, bool> up_;  // by member and peer
};

}  // namespace

std::size_t Recording::member(const std::string& name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw std::invalid_argument("there is no member " + name);
  return static_cast<std::size_t>(found - names.begin());
}

const LineLog& Recording::line(const std::string& name) const {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const LineLog& line) { return line.name == name; });
  if (found == lines.end()) throw std::invalid_argument("there is no line " + name);
  return *found;
}

Recording record(const sim::Scenario& scenario, const std::set<std::string>& watched) {
  Recorder recorder{scenario, watched};
  sim::WorldOptions options;
  options.observer = &recorder;
  sim::World world{scenario, options};
  const sim::RunResult result = world.run();
  for (std::size_t line = 0; line < recorder.out.lines.size(); ++line) {
    auto& bins = recorder.out.lines[line].bins;
    for (std::size_t bin = 0; bin < bins.size(); ++bin) {
      const Timestamp from = Timestamp{} + static_cast<std::int64_t>(bin) * kBin;
      const auto number = static_cast<std::uint32_t>(line);
      bins[bin].capacity_bits = world.bits_between(number, from, from + kBin);
      bins[bin].interrupted = world.interrupted(number, from, from + kBin);
    }
  }
  for (const sim::CrossReport& cross : result.cross)
    recorder.out.foreign_goodput_bytes.push_back(cross.goodput_bytes);
  return std::move(recorder.out);
}

}  // namespace diemcau::judge
