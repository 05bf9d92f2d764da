// What people see and hear: pictures, sound, their delay and how they go together.
#include <algorithm>

#include "bench/transport/judges.h"
#include "core/quality/emodel.h"

namespace diemcau::judge {

namespace {

constexpr double kBackWithinMs = 30;

bool in(const std::vector<Span>& spans, Timestamp t) {
  return std::any_of(spans.begin(), spans.end(), [t](const Span& s) { return s.contains(t); });
}

double ms(Duration d) { return to_ms_double(d); }

struct Late {
  Timestamp at;
  double delay_ms;
};

Figure delay_back_s(const std::vector<Late>& values, Span span, double old_ms) {
  Timestamp since = Timestamp{} + span.from;
  bool any = false;
  for (const Late& v : values) {
    if (!span.contains(v.at)) continue;
    any = true;
    // A gap is no good time: what comes after it tells how late things are.
    if (v.at - since >= 1s && v.delay_ms <= old_ms + kBackWithinMs) break;
    if (v.delay_ms > old_ms + kBackWithinMs) since = v.at;
  }
  if (!any) return std::nullopt;
  return ms(since - (Timestamp{} + span.from)) / 1e3;
}

std::vector<Late> delays_of(const std::vector<Picture>& pictures) {
  std::vector<Late> out;
  for (const Picture& p : pictures) out.push_back({p.shown_at, ms(p.delay())});
  return out;
}

std::vector<Late> delays_of(const std::vector<Sound>& sounds) {
  std::vector<Late> out;
  for (const Sound& s : sounds) {
    if (s.captured_at) out.push_back({s.plays_at, ms(s.plays_at - *s.captured_at)});
  }
  return out;
}

Figure delay_quantile(const std::vector<Late>& values, const std::vector<Span>& spans,
                      double fraction) {
  std::vector<double> chosen;
  for (const Late& v : values) {
    if (in(spans, v.at)) chosen.push_back(v.delay_ms);
  }
  return quantile(std::move(chosen), fraction);
}

struct Played {
  double all = 0, concealed = 0;
};

// Silence before the first frame is no concealment.
Played played_in(const FlowLog& flow, const std::vector<Span>& spans) {
  Played played;
  bool begun = false;
  for (const Sound& s : flow.sounds) {
    begun = begun || !s.concealed();
    if (!begun || !in(spans, s.plays_at)) continue;
    played.all += s.samples;
    if (s.concealed()) played.concealed += s.samples;
  }
  return played;
}

}  // namespace

Figure longest_picture_gap_ms(const FlowLog& flow, Span span) {
  Timestamp last = Timestamp{} + span.from;
  Duration longest{};
  for (const Picture& p : flow.pictures) {
    if (!span.contains(p.shown_at)) continue;
    longest = std::max(longest, p.shown_at - last);
    last = p.shown_at;
  }
  return ms(std::max(longest, Timestamp{} + span.to - last));
}

Figure picture_gaps(const FlowLog& flow, Span span, Duration longer_than) {
  Timestamp last = Timestamp{} + span.from;
  std::int64_t count = 0;
  for (const Picture& p : flow.pictures) {
    if (!span.contains(p.shown_at)) continue;
    count += p.shown_at - last > longer_than;
    last = p.shown_at;
  }
  return static_cast<double>(count);
}

Figure picture_back_ms(const FlowLog& flow, Timestamp since, Timestamp captured_after) {
  for (const Picture& p : flow.pictures) {
    if (p.shown_at >= since && p.captured_at >= captured_after) return ms(p.shown_at - since);
  }
  return std::nullopt;
}

Figure sound_back_ms(const FlowLog& flow, Timestamp since, Timestamp captured_after) {
  for (const Sound& s : flow.sounds) {
    if (s.captured_at && s.plays_at >= since && *s.captured_at >= captured_after)
      return ms(s.plays_at - since);
  }
  return std::nullopt;
}

Figure first_full_picture_ms(const FlowLog& flow, const EncoderLog& encoder, Layer layer,
                             Bitrate rate) {
  if (!flow.up_at) return std::nullopt;
  for (const Picture& p : flow.pictures) {
    if (p.layer != layer || p.shown_at < *flow.up_at) continue;
    Bitrate at_capture{};
    for (const EncoderTarget& t : encoder.targets) {
      if (t.layer == layer && t.at <= p.captured_at) at_capture = t.active ? t.rate : Bitrate{};
    }
    if (at_capture.bps() >= rate.bps() / 10 * 9) return ms(p.shown_at - *flow.up_at);
  }
  return std::nullopt;
}

Figure video_delay_ms(const FlowLog& flow, const std::vector<Span>& spans, double fraction) {
  return delay_quantile(delays_of(flow.pictures), spans, fraction);
}
Figure audio_delay_ms(const FlowLog& flow, const std::vector<Span>& spans, double fraction) {
  return delay_quantile(delays_of(flow.sounds), spans, fraction);
}
Figure video_delay_back_s(const FlowLog& flow, Span span, double old_ms) {
  return delay_back_s(delays_of(flow.pictures), span, old_ms);
}
Figure audio_delay_back_s(const FlowLog& flow, Span span, double old_ms) {
  return delay_back_s(delays_of(flow.sounds), span, old_ms);
}

Figure concealed_ratio(const FlowLog& flow, const std::vector<Span>& spans) {
  const Played played = played_in(flow, spans);
  if (played.all <= 0) return std::nullopt;
  return played.concealed / played.all;
}

Figure concealments(const FlowLog& flow, Span span) {
  double count = 0;
  bool begun = false, before = false;
  for (const Sound& s : flow.sounds) {
    begun = begun || !s.concealed();
    if (begun && s.concealed() && !before && span.contains(s.plays_at)) ++count;
    before = s.concealed();
  }
  if (!begun) return std::nullopt;
  return count;
}

namespace {
struct Freezes {
  double count = 0, time_ms = 0;
  double last_ms = 0;  // of the span's end, when that is too long a gap so far
};
constexpr double kFreezeMarginMs = 150;
constexpr int kGapsAveraged = 30, kGapsAtLeast = 5;

Freezes freezes_of(const FlowLog& flow, Span span) {
  Freezes out;
  std::optional<Timestamp> last;
  double average_ms = 0;
  int gaps = 0;
  for (const Picture& p : flow.pictures) {
    if (last) {
      const double gap = ms(p.shown_at - *last);
      const bool frozen =
          gaps >= kGapsAtLeast && gap >= std::max(3 * average_ms, average_ms + kFreezeMarginMs);
      if (frozen && span.contains(p.shown_at)) {
        ++out.count;
        out.time_ms += gap;
      }
      gaps = std::min(gaps + 1, kGapsAveraged);
      average_ms += (gap - average_ms) / gaps;
    }
    last = p.shown_at;
    if (!span.contains(p.shown_at)) continue;
    const double rest = ms(Timestamp{} + span.to - p.shown_at);
    out.last_ms = rest >= std::max(3 * average_ms, average_ms + kFreezeMarginMs) ? rest : 0;
  }
  return out;
}
}  // namespace

Figure freezes(const FlowLog& flow, Span span) {
  if (flow.pictures.empty()) return std::nullopt;
  return freezes_of(flow, span).count;
}

Figure frozen_ratio(const FlowLog& flow, Span span) {
  if (flow.pictures.empty()) return std::nullopt;
  return freezes_of(flow, span).time_ms / ms(span.to - span.from);
}

Figure still_ratio(const FlowLog& flow, Span span) {
  const Freezes frozen = freezes_of(flow, span);
  const bool any = std::any_of(flow.pictures.begin(), flow.pictures.end(),
                               [span](const Picture& p) { return span.contains(p.shown_at); });
  return any ? (frozen.time_ms + frozen.last_ms) / ms(span.to - span.from) : 1;
}

Figure pictures_per_second(const FlowLog& flow, Span span) {
  const auto shown = std::count_if(flow.pictures.begin(), flow.pictures.end(),
                                   [span](const Picture& p) { return span.contains(p.shown_at); });
  const double seconds = to_ms_double(span.to - span.from) / 1e3;
  return shown > 0 ? Figure{static_cast<double>(shown) / seconds} : Figure{};
}

Figure page_ms(const FlowLog& flow, Span span, double fraction) {
  std::vector<double> all;
  for (const Page& p : flow.pages) {
    if (span.contains(p.turned_at))
      all.push_back(ms(p.whole_at.value_or(Timestamp{} + span.to) - p.turned_at));
  }
  return quantile(std::move(all), fraction);
}

Figure first_page_ms(const FlowLog& flow) {
  if (!flow.up_at) return std::nullopt;
  std::optional<Timestamp> first;
  for (const Page& p : flow.pages) {
    if (p.whole_at && *p.whole_at >= *flow.up_at)
      first = std::min(first.value_or(*p.whole_at), *p.whole_at);
  }
  return first ? Figure{ms(*first - *flow.up_at)} : std::nullopt;
}

Figure pages_made(const EncoderLog& encoder, Span span, ByteCount page) {
  std::int64_t bytes = 0;
  bool any = false;
  for (const EncodedPicture& p : encoder.pages) {
    if (!span.contains(p.at)) continue;
    any = true;
    bytes += p.bytes;
  }
  if (!any) return std::nullopt;
  return static_cast<double>(bytes) / static_cast<double>(page.count());
}

Figure whole_pages_ratio(const FlowLog& flow, Span span, std::size_t expected) {
  const auto whole = std::count_if(flow.pages.begin(), flow.pages.end(), [span](const Page& p) {
    return p.whole_at && span.contains(p.turned_at);
  });
  return static_cast<double>(whole) / static_cast<double>(expected);
}

Figure layer_ratio(const FlowLog& flow, Span span, Layer layer) {
  double all = 0, of_it = 0;
  for (const Picture& p : flow.pictures) {
    if (!span.contains(p.shown_at)) continue;
    ++all;
    if (p.layer == layer) ++of_it;
  }
  if (all <= 0) return std::nullopt;
  return of_it / all;
}

Figure r_factor(const FlowLog& flow, const std::vector<Span>& spans) {
  double sum = 0, count = 0;
  for (const Sound& s : flow.sounds) {
    if (!s.captured_at || !in(spans, s.plays_at)) continue;
    sum += static_cast<double>((s.plays_at - *s.captured_at).count());
    ++count;
  }
  const auto concealed = concealed_ratio(flow, spans);
  if (!concealed) return std::nullopt;
  const Duration delay{count > 0 ? static_cast<std::int64_t>(sum / count) : 0};
  return quality::r_factor(delay, *concealed);
}

Seconds seconds_of(const Recording& r, std::size_t from, std::size_t to, Duration since) {
  constexpr std::size_t kBinsPerSecond = 10;
  constexpr double kFloodMs = 20;
  Seconds out;
  const auto count = static_cast<std::size_t>(r.scenario.duration / 1s);
  for (auto second = static_cast<std::size_t>(since / 1s); second < count; ++second) {
    bool interrupted = false;
    double foreign_ms = 0;
    const std::size_t first = second == 0 ? 0 : second - 1;
    for (const std::uint32_t line : r.paths[from * r.names.size() + to]) {
      const LineLog& log = r.lines[line];
      for (std::size_t i = first * kBinsPerSecond; i < (second + 1) * kBinsPerSecond; ++i) {
        interrupted = interrupted || log.bins[i].interrupted;
        if (log.fifo) foreign_ms = std::max(foreign_ms, ms(log.bins[i].longest_foreign_wait));
      }
    }
    if (interrupted) continue;
    const Span span{static_cast<std::int64_t>(second) * 1s,
                    static_cast<std::int64_t>(second + 1) * 1s};
    if (foreign_ms < kFloodMs) {
      out.clear.push_back(span);
    } else {
      out.flooded.push_back(span);
      out.foreign_wait_ms.push_back(foreign_ms);
    }
  }
  return out;
}

Figure r_below_flooded(const FlowLog& flow, const Seconds& seconds) {
  const Figure floor_ms = audio_delay_ms(flow, seconds.clear, 0.5);
  double below = 0, count = 0;
  for (std::size_t i = 0; i < seconds.flooded.size(); ++i) {
    const Figure r = r_factor(flow, {seconds.flooded[i]});
    if (!floor_ms) return std::nullopt;
    const double delay_ms = *floor_ms + seconds.foreign_wait_ms[i];
    const double possible =
        quality::r_factor(Duration{static_cast<std::int64_t>(delay_ms * 1e6)}, 0);
    // A second of which nothing was played at all is wholly concealed.
    below += possible - r.value_or(quality::r_factor({}, 1));
    ++count;
  }
  if (count == 0) return std::nullopt;
  return below / count;
}

Figure sound_ahead_ms(const FlowLog& flow, Span span, double fraction) {
  std::vector<double> ahead;
  std::size_t next = 0;
  std::optional<Duration> sound;
  for (const Picture& p : flow.pictures) {
    for (; next < flow.sounds.size() && flow.sounds[next].plays_at <= p.shown_at; ++next) {
      const Sound& s = flow.sounds[next];
      if (s.captured_at) sound = s.plays_at - *s.captured_at;
    }
    if (sound && span.contains(p.shown_at)) ahead.push_back(ms(p.delay() - *sound));
  }
  return quantile(std::move(ahead), fraction);
}

Figure encodes_per_second(const EncoderLog& encoder, Span span) {
  std::array<double, 4> count{};
  for (const EncodedPicture& p : encoder.pictures) {
    if (span.contains(p.at)) ++count[static_cast<std::size_t>(p.layer)];
  }
  return *std::max_element(count.begin(), count.end()) * 1'000 / ms(span.to - span.from);
}

Figure frames_to_follow(const EncoderLog& encoder, Span span, Layer layer, std::uint8_t fps) {
  std::optional<EncoderTarget> before, cut;
  for (const EncoderTarget& t : encoder.targets) {
    if (t.layer != layer || !t.active) continue;
    const bool falls = before && t.rate.bps() < before->rate.bps() / 5 * 4;
    if (falls && span.contains(t.at)) {
      cut = t;
      break;
    }
    before = t;
  }
  if (!cut) return std::nullopt;
  const double average = static_cast<double>(cut->rate.bps()) / 8 / fps;
  double frames = 0;
  for (const EncodedPicture& p : encoder.pictures) {
    if (p.layer != layer || p.at <= cut->at) continue;
    ++frames;
    if (p.bytes <= 1.6 * average) return frames;
  }
  return std::nullopt;
}

}  // namespace diemcau::judge
