// What the lines tell: utilisation, queues, drops, and how soon a rate was found.
#include <algorithm>

#include "bench/transport/judges.h"
#include "sim/statistics.h"

namespace diemcau::judge {

namespace {

constexpr Duration kDrained = 50ms;
constexpr double kBinSeconds = 0.1;
constexpr std::size_t kRateBins = 3;  // nine frames: 0.15 of deviation of one are 0.05 of their sum

bool in(const std::vector<Span>& spans, Timestamp t) {
  return std::any_of(spans.begin(), spans.end(), [t](const Span& s) { return s.contains(t); });
}

double seconds(Duration d) { return static_cast<double>(d.count()) / 1e9; }

std::size_t first_bin(Span span) { return static_cast<std::size_t>(span.from / kBin); }
std::size_t end_bin(Span span, std::size_t bins) {
  return std::min(bins, static_cast<std::size_t>((span.to + kBin - 1ns) / kBin));
}

double possible_bits(const LineBin& bin, std::optional<Bitrate> most) {
  const auto capacity = static_cast<double>(bin.capacity_bits);
  return most ? std::min(capacity, static_cast<double>(most->bps()) * kBinSeconds) : capacity;
}

}  // namespace

Figure quantile(std::vector<double> values, double fraction) {
  if (values.empty()) return std::nullopt;
  return sim::percentile(std::move(values), fraction);
}

Figure jain(std::span<const double> shares) {
  double sum = 0, squares = 0;
  for (const double s : shares) sum += s, squares += s * s;
  if (squares <= 0) return std::nullopt;
  return sum * sum / (static_cast<double>(shares.size()) * squares);
}

Bitrate full_rate(const sim::Scenario& scenario) {
  // RTP header with capture time and frame descriptor 36, FU or single NAL 2, GCM tag 16, IP and
  // UDP 28, Ethernet 38. NAL units of at most 1100 bytes, a packet each.
  constexpr std::int64_t kPerPacket = 36 + 2 + 16 + 28 + 38;
  constexpr std::int64_t kLargestNal = 1100;
  const std::int64_t fps = scenario.camera_fps;
  const std::int64_t frame = scenario.rates.hi.bps() / 8 / fps;
  const std::int64_t packets = (frame + kLargestNal - 1) / kLargestNal;
  const std::int64_t video = (frame + packets * kPerPacket) * 8 * fps;
  const std::int64_t audio = scenario.rates.audio.bps() + 50 * kPerPacket * 8;
  return Bitrate::bps(video + audio);
}

Figure utilisation(const LineLog& line, Span span, std::optional<Bitrate> most) {
  double used = 0, possible = 0;
  for (std::size_t i = first_bin(span); i < end_bin(span, line.bins.size()); ++i) {
    used += static_cast<double>(line.bins[i].own_bits);
    possible += possible_bits(line.bins[i], most);
  }
  if (possible <= 0) return std::nullopt;
  return used / possible;
}

Figure queue_ms(const LineLog& line, const std::vector<Span>& spans, double fraction) {
  std::vector<double> waited;
  for (const LinePacket& p : line.packets) {
    if (!p.foreign && p.served() && in(spans, p.entered()))
      waited.push_back(to_ms_double(p.waited));
  }
  return quantile(std::move(waited), fraction);
}

Figure seconds_to_drain(const LineLog& line, Span span) {
  Timestamp since = Timestamp{} + span.from;
  bool any = false;
  for (const LinePacket& p : line.packets) {
    if (p.foreign || !p.served() || !span.contains(p.entered())) continue;
    any = true;
    if (p.entered() - since >= 1s) break;
    if (p.waited >= kDrained) since = p.entered();
  }
  if (!any) return std::nullopt;
  return seconds(since - (Timestamp{} + span.from));
}

Figure longest_standing_queue_s(const LineLog& line, Span span) {
  Timestamp since = Timestamp{} + span.from;
  Duration longest{};
  bool any = false;
  for (const LinePacket& p : line.packets) {
    if (p.foreign || !p.served() || !span.contains(p.entered())) continue;
    any = true;
    if (p.waited < kDrained) {
      since = p.entered();
    } else {
      longest = std::max(longest, p.entered() - since);
    }
  }
  if (!any) return std::nullopt;
  return seconds(longest);
}

Figure drops(const LineLog& line, Span span) {
  return static_cast<double>(
      std::count_if(line.packets.begin(), line.packets.end(), [&](const LinePacket& p) {
        return !p.foreign && span.contains(p.begins) &&
               (p.passage == sim::Passage::dropped_queue ||
                p.passage == sim::Passage::dropped_policer);
      }));
}

Figure drop_ratio(const LineLog& line, Span span) {
  const auto all =
      std::count_if(line.packets.begin(), line.packets.end(),
                    [&](const LinePacket& p) { return !p.foreign && span.contains(p.begins); });
  if (all == 0) return std::nullopt;
  return *drops(line, span) / static_cast<double>(all);
}

Figure seconds_to_rate(const LineLog& line, Span span, double share, std::optional<Bitrate> most) {
  const std::size_t first = first_bin(span);
  for (std::size_t end = first + kRateBins; end <= end_bin(span, line.bins.size()); ++end) {
    double used = 0, possible = 0;
    for (std::size_t i = end - kRateBins; i < end; ++i) {
      used += static_cast<double>(line.bins[i].own_bits);
      possible += possible_bits(line.bins[i], most);
    }
    if (possible > 0 && used >= share * possible)
      return seconds(static_cast<std::int64_t>(end) * kBin - span.from);
  }
  return std::nullopt;
}

Figure arrived_kbps(const FlowLog& flow, Span span) {
  double bits = 0;
  for (std::size_t i = first_bin(span); i < end_bin(span, flow.bins.size()); ++i)
    bits += static_cast<double>(flow.bins[i].arrived_bits);
  return bits / seconds(span.to - span.from) / 1e3;
}

Figure seconds_to_arrived(const FlowLog& flow, Span span, double kbps) {
  for (std::size_t end = first_bin(span) + kRateBins; end <= end_bin(span, flow.bins.size());
       ++end) {
    const Duration to = static_cast<std::int64_t>(end) * kBin;
    if (*arrived_kbps(flow, {to - kRateBins * kBin, to}) >= kbps) return seconds(to - span.from);
  }
  return std::nullopt;
}

Figure loss_ratio(const FlowLog& flow, Span span) {
  double sent = 0, arrived = 0;
  for (std::size_t i = first_bin(span); i < end_bin(span, flow.bins.size()); ++i) {
    sent += flow.bins[i].sent;
    arrived += flow.bins[i].arrived;
  }
  if (sent <= 0) return std::nullopt;
  return std::max(0.0, 1 - arrived / sent);
}

Figure extra_bytes(const FlowLog& flow, Span span) {
  double sent = 0, repair = 0;
  for (std::size_t i = first_bin(span); i < end_bin(span, flow.bins.size()); ++i) {
    sent += static_cast<double>(flow.bins[i].sent_bits);
    repair += static_cast<double>(flow.bins[i].repair_bits);
  }
  if (sent <= repair) return std::nullopt;
  return repair / (sent - repair);
}

Figure media_kbps(const FlowLog& flow, Span span) {
  double bits = 0;
  for (std::size_t i = first_bin(span); i < end_bin(span, flow.bins.size()); ++i)
    bits += static_cast<double>(flow.bins[i].sent_bits - flow.bins[i].repair_bits);
  return bits / seconds(span.to - span.from) / 1e3;
}

}  // namespace diemcau::judge
