// What a peer is told of its streams, and what people are.
#include "core/mesh/inbound.h"

#include <algorithm>
#include <utility>

namespace diemcau::mesh {

namespace {
// Sound, its headers and reports, and as much again.
constexpr Bitrate kThinPath = Bitrate::kbps(200);
// Ten paths that share what two of these need ask no more often than they must: a third copy of
// each question cost S11's pictures more than it brought.
constexpr Bitrate kRoomForQuestions = Bitrate::kbps(500);
// None when it has fallen: what was taken for lost has come after all, and is not counted twice.
std::uint64_t growth(std::uint64_t& before, std::uint64_t now) {
  return now > before ? now - std::exchange(before, now) : 0;
}
}  // namespace

void Inbound::paused() {
  impairment_.device_stopped();
  for (auto& s : streams_) s->meter.picture_paused();
}

void Inbound::pause(PictureView& view) {
  if (view.source == Source::camera) impairment_.device_stopped();
  for (auto& s : streams_) {
    if (s->id.source == view.source) s->meter.picture_paused();
  }
}

void Inbound::sends(const Sources& sources) {
  microphone_ = sources.microphone;
  face_.sent = sources.camera;
  page_.sent = sources.document;
  for (PictureView* view : {&face_, &page_}) {
    if (!view->sent) pause(*view);
  }
}

void Inbound::peer_left() {
  sends({});
  impairment_.peer_left();
}

void Inbound::want(const PictureLayers& layers) {
  wanted_ = layers;
  for (PictureView* view : {&face_, &page_}) {
    if (!wanted_.of(view->source)) pause(*view);
  }
}

void Inbound::set_way_back(bool loses, Bitrate rate) {
  arrivals_.set_reports_get_lost(loses);
  arrivals_.set_thin(rate < kThinPath);
  repair_.set_way_back_loses(loses && rate >= kRoomForQuestions);
}

void Inbound::second_over(Timestamp now) {
  Stream* sound = nullptr;
  std::uint64_t lost = 0, received = 0, bytes = 0;
  for (const auto& s : streams_) {
    lost += s->meter.packets_lost();
    received += s->meter.packets_received();
    bytes += s->meter.bytes_received();
    if (s->id.layer == Layer::only) sound = s.get();
  }
  quality::ImpairmentMeter::Heard heard;
  heard.sound_expected = microphone_ && sound != nullptr;
  heard.packets_lost = growth(counted_.lost, lost);
  if (sound != nullptr)
    heard.samples_concealed = growth(counted_.concealed, sound->meter.samples_concealed());
  Stream* face = nullptr;
  Stream* page = nullptr;
  heard.face = seen(now, face_, face);
  heard.page = seen(now, page_, page);
  line_second_ = Downlink::Second{impairment_.mean_wait(), growth(counted_.received, received),
                                  heard.packets_lost, growth(counted_.bytes, bytes)};
  const auto verdict = impairment_.close(now, heard);
  if (verdict.sound) sound->meter.impaired(*verdict.sound, verdict.seconds);
  if (verdict.face) face->meter.impaired(*verdict.face, verdict.seconds);
  if (verdict.page) page->meter.impaired(*verdict.page, verdict.seconds);
}

quality::ImpairmentMeter::Seen Inbound::seen(Timestamp now, const PictureView& view,
                                             Stream*& stream) {
  quality::ImpairmentMeter::Seen out;
  for (const auto& s : streams_) {
    if (s->id.source != view.source) continue;
    if (s->id.layer == view.viewed) stream = s.get();
    if (!s->pictures) continue;
    // A layer that nobody looks at may break as it likes.
    const std::uint64_t broken =
        growth(s->pictures->undecodable_counted, s->pictures->assembly.frames_undecodable());
    if (s.get() == stream) out.undecodable = broken;
  }
  out.expected = expects(view) && stream != nullptr;
  if (stream != nullptr) out.frozen = stream->meter.take_frozen(now);
  return out;
}

void Inbound::sender_report_arrived(Timestamp received_at, const wire::SenderReport& report) {
  if (Live* live = find(report.sender))
    live->stream->last_report = {report.info.ntp.compact(), received_at};
}

std::size_t Inbound::report_blocks(Timestamp now, std::span<wire::ReportBlock> out) {
  std::size_t n = 0;
  for (const Live& live : live_) {
    if (n == out.size()) break;
    Stream* s = live.stream;
    const auto fields = s->meter.take_loss_fields();
    if (!fields) continue;
    wire::ReportBlock block;
    block.ssrc = live.ssrc;
    block.fraction_lost = fields->fraction_lost;
    block.cumulative_lost = fields->cumulative_lost;
    block.highest_seq = fields->highest_seq;
    block.jitter = fields->jitter;
    if (s->last_report) {
      block.last_sr = s->last_report->first;
      const std::int64_t since_us = to_us(now - s->last_report->second);
      block.since_last_sr = static_cast<std::uint32_t>(since_us * 65'536 / 1'000'000);
    }
    out[n++] = block;
  }
  return n;
}

void Inbound::report(Timestamp now, std::vector<quality::FlowReport>& flows) const {
  const std::size_t first = flows.size();
  std::uint64_t media_bytes = 0;
  for (const auto& s : streams_) {
    const bool sound = media_of(s->id.source) == MediaKind::audio;
    const PictureView& view = s->id.source == Source::document ? page_ : face_;
    auto flow = s->meter.report(now, sound ? sound_.target_delay() : view.buffer.target_delay());
    if (s->pictures) flow.frames_undecodable += s->pictures->assembly.frames_undecodable();
    media_bytes += flow.bytes_received;
    // A picture that stands still because nothing is sent of it is a figure, too.
    const bool impaired = std::any_of(flow.impaired.begin(), flow.impaired.end(),
                                      [](std::uint32_t seconds) { return seconds > 0; });
    if (flow.packets_received > 0 || impaired) flows.push_back(std::move(flow));
  }
  for (std::size_t i = first; i < flows.size(); ++i) {
    flows[i].link_media_bytes = media_bytes;
    flows[i].link_repair_bytes = repair_.figures().bytes;
  }
}

void Inbound::reset_figures(Timestamp now) {
  for (auto& s : streams_) {
    s->meter.reset(now);
    if (!s->pictures) continue;
    s->pictures->assembly.reset_figures();
    s->pictures->undecodable_counted = 0;
  }
  counted_ = {};
  repair_.reset_figures();
}

}  // namespace diemcau::mesh
