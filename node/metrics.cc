// Families are built at scrape time from the snapshot (prometheus::Collectable): nothing is counted
// here.
#include "node/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "core/quality/emodel.h"
#include "core/units/media_time.h"
#include "core/wire/messages.h"
#include "node/metric_families.h"

namespace diemcau::node {

namespace {

using prometheus::MetricFamily;
using Labels = Families::Labels;
using quality::DropReason;
using quality::FlowReport;
using quality::Histogram;
using quality::PathReport;

// Its threads look at their stop flag every 2 s.
constexpr std::chrono::seconds kClosesWithin{3};
constexpr std::array<Duration, 10> kRttBounds{10ms,  20ms,  50ms,  100ms, 150ms,
                                              200ms, 300ms, 500ms, 1s,    2s};
constexpr std::array<Duration, 11> kMouthToEarBounds{20ms,  40ms,  60ms,  80ms,  100ms, 150ms,
                                                     200ms, 300ms, 400ms, 600ms, 1s};
constexpr std::array<Duration, 8> kCodecBounds{1ms, 2ms, 4ms, 8ms, 16ms, 33ms, 66ms, 133ms};
constexpr std::array<Duration, 8> kSyncBounds{1ms, 3ms, 10ms, 30ms, 100ms, 300ms, 500ms, 1s};

constexpr std::array<const char*, static_cast<std::size_t>(DropReason::count_)> kDropReasons{
    "malformed", "replay", "auth", "unknown", "late", "queue"};

// Of the mean delay and all concealment since the start.
std::optional<double> score_of(const FlowReport& f) {
  const auto delay = f.end_to_end.mean();
  if (f.media != MediaKind::audio || f.samples_played == 0 || !delay) return std::nullopt;
  const double concealed =
      static_cast<double>(f.samples_concealed) / static_cast<double>(f.samples_played);
  return quality::mos(quality::r_factor(*delay, concealed));
}

// Layers of one peer's source add up: a dashboard asks how this peer's picture is.
struct MediaSum {
  std::uint64_t received = 0, lost = 0, frames_shown = 0, undecodable = 0, late = 0;
  std::uint64_t freezes = 0, samples = 0, concealed = 0, recovered = 0;
  quality::CauseSeconds impaired{};
  Duration freeze_time{}, jitter{}, delay{};
  Histogram end_to_end;

  void add(const FlowReport& f) {
    received += f.packets_received;
    lost += f.packets_lost;
    frames_shown += f.frames_shown;
    undecodable += f.frames_undecodable;
    late += f.frames_late;
    freezes += f.freezes;
    samples += f.samples_played;
    concealed += f.samples_concealed;
    recovered += f.frames_recovered;
    for (std::size_t i = 0; i < impaired.size(); ++i) impaired[i] += f.impaired[i];
    freeze_time += f.freeze_time;
    jitter = std::max(jitter, f.jitter);
    delay = std::max(delay, f.target_delay);
    end_to_end.merge(f.end_to_end);
  }
};

struct PathSum {
  bool up = false;
  std::uint64_t packets_sent = 0, bytes_sent = 0, bytes_received = 0;
  std::uint64_t handshakes_done = 0, handshakes_failed = 0, reconnects = 0;
  Duration outage{};
  std::optional<Duration> offset, uncertainty, queue;
  std::optional<Bitrate> target;
  std::uint32_t inherent_loss_permille = 0;
  quality::RepairReport repair;  // of the link, whatever path
  std::uint64_t left_out = 0;    // the same

  void add(const PathReport& p) {
    up = up || p.up;
    packets_sent += p.packets_sent;
    bytes_sent += p.bytes_sent;
    bytes_received += p.bytes_received;
    handshakes_done += p.handshakes_done;
    handshakes_failed += p.handshakes_failed;
    reconnects += p.reconnects;
    outage += p.outage;
    repair = p.repair;
    left_out = p.pictures_left_out;
    if (p.clock_offset) offset = p.clock_offset;
    if (p.clock_uncertainty) uncertainty = p.clock_uncertainty;
    if (!p.target) return;
    target = p.target;
    queue = p.queue;
    inherent_loss_permille = p.inherent_loss_permille;
  }
};

void add_repair(Families& out, const Labels& peer, const quality::RepairReport& r) {
  const auto by_kind = [&](const char* name, const char* help, std::uint64_t repeated,
                           std::uint64_t coded) {
    const auto with = [&](const char* kind) {
      Labels labels = peer;
      labels.push_back({"kind", kind});
      return labels;
    };
    out.counter(name, help, with("repeated"), repeated);
    out.counter(name, help, with("coded"), coded);
  };
  by_kind("repair_packets_sent_total", "Repair packets sent to the peer.", r.repeated_sent,
          r.coded_sent);
  out.counter("repair_bytes_sent_total", "What they took on the line.", peer, r.bytes_sent);
  by_kind("repair_packets_received_total", "Repair packets received from the peer.",
          r.repeated_received, r.coded_received);
  out.counter("repair_packets_useless_total", "Of these: nothing was missing any more.", peer,
              r.useless_received);
  out.counter("packets_recovered_total", "Lost packets that repair gave back.", peer,
              r.packets_recovered);
}

void add_path(Families& out, const Labels& peer, const PathSum& s) {
  out.gauge("peer_up", "1 while a path to the peer is up.", peer, s.up ? 1 : 0);
  if (s.target) {
    out.gauge("target_bitrate_bps", "Bit rate the peer may be sent.", peer,
              static_cast<double>(s.target->bps()));
    out.gauge("path_queue_seconds", "What waits on the way in front of what we send.", peer,
              to_ms_double(*s.queue) / 1e3);
    out.gauge("path_inherent_loss_ratio", "What the line loses whatever is sent.", peer,
              s.inherent_loss_permille / 1e3);
  }
  out.counter("packets_sent_total", "Datagrams sent to the peer.", peer, s.packets_sent);
  out.counter("bytes_sent_total", "UDP payload sent to the peer.", peer, s.bytes_sent);
  out.counter("bytes_received_total", "UDP payload accepted from the peer.", peer,
              s.bytes_received);
  out.counter("peer_reconnects_total", "Times the link came back.", peer, s.reconnects);
  out.counter("peer_outage_seconds_total", "Time without a link after the first.", peer,
              seconds(s.outage));
  if (s.offset)
    out.gauge("clock_offset_seconds", "Wall clock of the peer minus ours.", peer,
              seconds(*s.offset));
  if (s.uncertainty)
    out.gauge("clock_uncertainty_seconds", "How far the clock offset may be off.", peer,
              seconds(*s.uncertainty));
  out.counter("video_pictures_left_out_total",
              "Droppable pictures not sent to the peer: half rate, or its path was late.", peer,
              s.left_out);
  add_repair(out, peer, s.repair);
}

// A document's figures have its name beside those of the camera, which have none.
void add_media(Families& out, const std::string& id, Source source, const MediaSum& s) {
  const MediaKind media = media_of(source);
  Labels peer{{"peer", id}};
  Labels both{{"peer", id}, {"media", media == MediaKind::audio ? "audio" : "video"}};
  if (source == Source::document) {
    peer.push_back({"source", name_of(source)});
    both.push_back({"source", name_of(source)});
  }
  out.counter("packets_received_total", "Media packets of the peer that arrived.", both,
              s.received);
  out.counter("packets_lost_total", "Gaps in the sequence numbers, before repair.", both, s.lost);
  out.gauge("jitter_seconds", "Interarrival jitter (RFC 3550).", both, seconds(s.jitter));
  out.gauge("jitter_buffer_delay_seconds", "Target delay of the jitter buffer.", both,
            seconds(s.delay));
  for (std::size_t i = 0; i < s.impaired.size(); ++i) {
    Labels cause = both;
    cause.push_back({"cause", quality::name_of(static_cast<quality::Cause>(i))});
    out.counter("impaired_seconds_total",
                "Seconds in which sound was made up, or the picture stood still or broke.",
                std::move(cause), std::uint64_t{s.impaired[i]});
  }
  if (media == MediaKind::audio) {
    out.counter("audio_samples_total", "Samples played, concealed ones included.", peer, s.samples);
    out.counter("audio_concealed_samples_total", "Samples that stood in for missing ones.", peer,
                s.concealed);
    out.counter("audio_frames_recovered_total", "Lost frames that later packets brought along.",
                peer, s.recovered);
    out.histogram("mouth_to_ear_seconds", "Capture to play-out of sound.", peer, s.end_to_end,
                  kMouthToEarBounds);
    return;
  }
  out.counter("video_frames_decoded_total", "Pictures decoded and shown.", peer, s.frames_shown);
  out.counter("video_frames_dropped_total", "Pictures undecodable or too late.", peer,
              s.undecodable + s.late);
  out.counter("video_freezes_total", "Gaps between pictures long enough to be seen.", peer,
              s.freezes);
  out.counter("video_freeze_seconds_total", "Time in such gaps.", peer, seconds(s.freeze_time));
}

void add_recorder(Families& out, const RecorderFigures& r, const std::vector<std::string>& ids,
                  PeerId self) {
  for (std::size_t i = 0; i < ids.size() && i < r.active.size(); ++i) {
    if (i == self.value) continue;
    const Labels source{{"source", ids[i]}};
    out.gauge("rec_active", "1 while a part of this bridge is being written.", source,
              r.active[i] ? 1 : 0);
    out.counter("rec_seconds_total", "Meeting time in the record.", source,
                static_cast<double>(r.recorded_us[i]) / 1e6);
    out.counter("rec_bytes_total", "Bytes of the record on the disk.", source, r.bytes[i]);
  }
  out.histogram("rec_sync_seconds", "Write and sync of one cluster.", {}, r.sync, kSyncBounds);
  out.counter("rec_write_errors_total", "Files the disk refused.", {}, r.write_errors);
  out.counter("rec_dropped_total", "Frames that found the recorder's queue full.", {}, r.dropped);
  if (r.disk_free_bytes)
    out.gauge("disk_free_bytes", "Room left for this node.", {{"volume", "record"}},
              static_cast<double>(*r.disk_free_bytes));
}

void add_codecs(Families& out, const MetricsSnapshot& s) {
  const Labels audio{{"media", "audio"}};
  const Labels video{{"media", "video"}};
  const char* encode = "Time to encode one frame of one layer.";
  const char* decode = "Time to decode one frame.";
  out.histogram("encode_seconds", encode, audio, s.audio_encode, kCodecBounds);
  for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi})
    out.histogram("encode_seconds", encode, {{"media", "video"}, {"layer", name_of(layer)}},
                  s.video_encode[static_cast<std::size_t>(layer)], kCodecBounds);
  if (s.document_encode.count() > 0)
    out.histogram("encode_seconds", encode,
                  {{"media", "video"}, {"source", name_of(Source::document)}}, s.document_encode,
                  kCodecBounds);
  out.histogram("decode_seconds", decode, audio, s.audio_decode, kCodecBounds);
  out.histogram("decode_seconds", decode, video, s.video_decode, kCodecBounds);
  out.counter("playout_underrun_seconds_total",
              "Sound that loudspeakers did not find in time while a link was up.", {},
              static_cast<double>(s.underrun_samples) / double{kAudioClockHz});
  out.counter("late_encodes_total", "Pictures left out because the encoder was busy.", {},
              s.late_encodes);
  out.gauge("encode_effort",
            "What the video encoder may spend: 0 half rate, 1 light, 2 light in hi, 3 full.", {},
            static_cast<double>(s.effort));
  for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi})
    out.gauge("temporal_layers", "1 while some peer needs this layer at half rate.",
              {{"layer", name_of(layer)}},
              s.report.temporal[static_cast<std::size_t>(layer)] ? 1 : 0);
  out.counter("queue_dropped_total", "Items that found a queue of the node full.", {},
              s.queue_drops);
}

}  // namespace

struct Metrics::Impl {
  // What one publish() gave.
  struct Published {
    MetricsSnapshot now;
    std::vector<Histogram> rtt;  // by PeerId, one value per publish
    std::string id_of(PeerId p) const {
      return p.value < now.bridge_ids.size() ? now.bridge_ids[p.value] : "unknown";
    }
    void add_peers(Families& out) const;
    void add_all(Families& out) const;
  };
  // Held for the moment of taking it: core's thread publishes, and writing it all out takes longer
  // than sound may wait.
  struct Source final : prometheus::Collectable {
    Build build;
    mutable std::mutex mutex;
    std::shared_ptr<const Published> published = std::make_shared<Published>();  // under mutex
    std::shared_ptr<const Published> newest() const {
      const std::lock_guard lock(mutex);
      return published;
    }
    std::vector<MetricFamily> Collect() const override;
  };
  std::shared_ptr<Source> source = std::make_shared<Source>();
  std::unique_ptr<prometheus::Exposer> exposer;
};

void Metrics::Impl::Published::add_peers(Families& out) const {
  std::map<PeerId, PathSum> paths;
  for (const PathReport& p : now.report.paths) paths[p.peer].add(p);
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  for (const auto& [peer, sum] : paths) {
    const Labels label{{"peer", id_of(peer)}};
    add_path(out, label, sum);
    if (peer.value < rtt.size())
      out.histogram("peer_rtt_seconds", "Round trip, one value per second.", label, rtt[peer.value],
                    kRttBounds);
    done += sum.handshakes_done;
    failed += sum.handshakes_failed;
  }
  out.counter("handshake_total", "DTLS handshakes.", {{"result", "done"}}, done);
  out.counter("handshake_total", "DTLS handshakes.", {{"result", "failed"}}, failed);

  std::map<std::pair<PeerId, diemcau::Source>, MediaSum> media;
  for (const FlowReport& f : now.report.flows) {
    media[{f.from, f.source}].add(f);
    if (const auto score = score_of(f))
      out.gauge("meeting_quality_score", "Listening quality 1 to 5 (G.107 E-model).",
                {{"peer", id_of(f.from)}}, *score);
  }
  for (const auto& [key, sum] : media) add_media(out, id_of(key.first), key.second, sum);
}

void Metrics::Impl::Published::add_all(Families& out) const {
  add_peers(out);
  for (std::size_t i = 0; i < kDropReasons.size(); ++i)
    out.counter("packets_dropped_total", "Datagrams that were not used.",
                {{"reason", kDropReasons[i]}}, now.report.dropped[i] + now.dropped[i]);
  for (std::size_t i = 0; i < now.bridge_ids.size(); ++i)
    out.gauge("active_speaker", "1 for whoever spoke last, as this bridge hears it.",
              {{"peer", now.bridge_ids[i]}},
              now.report.speaker && now.report.speaker->value == i ? 1 : 0);
  out.counter("speaker_changes_total", "Times that somebody else began to speak.", {},
              std::uint64_t{now.report.speaker_changes});
  out.gauge(
      "picture_limit",
      "What pictures this bridge goes without because its line down is crowded: 0 none, 1 large "
      "ones, 2 all but the speaker's, 3 all.",
      {}, static_cast<double>(now.report.limit));
  for (const quality::DocumentReport& d : now.report.documents) {
    const Labels peer{{"peer", id_of(d.bridge)}};
    out.gauge("document_shown", "1 while that bridge shows a document.", peer, d.shown ? 1 : 0);
    out.counter("documents_shown_total", "Times that it began to show one.", peer,
                std::uint64_t{d.times});
    out.counter("document_seconds_total", "Time that it has shown one.", peer,
                seconds(d.shown_for));
  }
  add_codecs(out, now);
  if (now.recorder) add_recorder(out, *now.recorder, now.bridge_ids, now.self);
}

std::vector<MetricFamily> Metrics::Impl::Source::Collect() const {
  Families out;
  out.gauge("build_info", "Which build this is; always 1.",
            {{"version", build.version},
             {"commit", build.commit},
             {"protocol", std::to_string(wire::kProtocolVersion)}},
            1);
  newest()->add_all(out);
  return out.take();
}

Metrics::Metrics(const std::string& listen, Build build) : impl_(std::make_unique<Impl>()) {
  impl_->source->build = std::move(build);
  try {
    impl_->exposer = std::make_unique<prometheus::Exposer>(listen, 1);
  } catch (const std::exception&) {
    throw std::runtime_error("cannot serve metrics on " + listen +
                             ": choose another [metrics] listen, it is in use or not an address");
  }
  impl_->exposer->RegisterCollectable(impl_->source);
}

// civetweb 1.15 (Debian 12) never returns from mg_stop() in about one of twenty exits: a bridge
// that leaves does not wait for it for ever.
Metrics::~Metrics() {
  auto exposer = std::move(impl_->exposer);
  auto closed = std::make_shared<std::promise<void>>();
  auto waiting = closed->get_future();
  std::thread([exposer = std::move(exposer), closed]() mutable {
    exposer.reset();
    closed->set_value();
  }).detach();
  static_cast<void>(waiting.wait_for(kClosesWithin));
}

void Metrics::publish(MetricsSnapshot snapshot) {
  Impl::Source& source = *impl_->source;
  auto next = std::make_shared<Impl::Published>();
  next->rtt = source.newest()->rtt;
  next->rtt.resize(std::max(next->rtt.size(), snapshot.bridge_ids.size()));
  for (const PathReport& p : snapshot.report.paths) {
    if (p.rtt && p.up && p.peer.value < next->rtt.size()) next->rtt[p.peer.value].add(*p.rtt);
  }
  next->now = std::move(snapshot);
  const std::lock_guard lock(source.mutex);
  source.published = std::move(next);
}

int Metrics::port() const { return impl_->exposer->GetListeningPorts().at(0); }

std::string Metrics::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->source->Collect());
  return out.str();
}

}  // namespace diemcau::node
