// Who a member is and when its clocks tick, all of it from the seed.
#include "sim/participant.h"

#include <algorithm>
#include <utility>

namespace diemcau::sim {

namespace {

constexpr std::uint16_t kPort = 47'000;
// Operators press the button together, to a tenth of a second.
constexpr std::int64_t kStartSpreadNs = 100'000'000;
// 2024-12-31 00:00:00 UTC in seconds since 1900: virtual time 0 on a perfect clock.
constexpr std::uint64_t kEpochSeconds = 3'944'592'000;

mesh::BridgeConfig config_of(const Scenario& scenario, std::vector<mesh::RosterEntry> roster,
                             std::uint16_t index) {
  const Site& self = scenario.members[index];
  mesh::BridgeConfig config;
  config.records = roster[index].role == mesh::Role::central;
  // Bridges that share no meeting know nothing of each other's addresses.
  for (std::size_t i = 0; i < roster.size(); ++i) {
    if (!meet(self, scenario.members[i])) roster[i].addresses.clear();
  }
  config.roster = std::move(roster);
  config.self = PeerId{index};
  config.rates = scenario.rates;
  config.least_rates = scenario.least_rates;
  config.document_rates = scenario.document_rates;
  config.controller = scenario.controller;
  config.path_weights.assign(scenario.members.size(), self.weight);
  if (scenario.uplink) config.uplink = *scenario.uplink;
  config.tiles = scenario.tiles;
  config.seed = CounterRandom{scenario.seed, Purpose::bridge_seed, index}.at(0);
  return config;
}

Duration below(CounterRandom& random, std::int64_t bound_ns) {
  return Duration{static_cast<std::int64_t>(random.next() >> 1) % bound_ns};
}

CounterRandom video_random(const Scenario& s, std::uint16_t index, Layer layer) {
  return CounterRandom{s.seed, Purpose::video,
                       std::uint64_t{index} * 4 + static_cast<std::uint64_t>(layer)};
}

// A document's draws are its own, so that one more moves nobody else's.
CounterRandom page_random(const Scenario& s, std::uint16_t index, Layer layer) {
  return CounterRandom{s.seed, Purpose::page,
                       std::uint64_t{index} * 4 + static_cast<std::uint64_t>(layer)};
}
constexpr std::uint16_t kPageHosts = 0x4000;

}  // namespace

DocumentModel::DocumentModel(const Scenario& scenario, std::uint16_t index)
    : layers{PageModel{Layer::hi, page_random(scenario, index, Layer::hi)},
             PageModel{Layer::mid, page_random(scenario, index, Layer::mid)}},
      host(scenario.seed, static_cast<std::uint16_t>(index + kPageHosts), scenario.ideal_host) {}

Endpoint address_of(std::size_t member) {
  return Endpoint::v4(0x0A00'0001U + static_cast<std::uint32_t>(member), kPort);
}

std::vector<mesh::RosterEntry> roster_of(const Scenario& scenario) {
  std::vector<mesh::RosterEntry> roster;
  for (std::size_t i = 0; i < scenario.members.size(); ++i) {
    mesh::RosterEntry entry;
    entry.id = scenario.members[i].name;
    entry.role = entry.id == kCentral ? mesh::Role::central : mesh::Role::member;
    entry.addresses.push_back(address_of(i));
    roster.push_back(std::move(entry));
  }
  return roster;
}

Participant::Participant(const Scenario& scenario, const std::vector<mesh::RosterEntry>& roster,
                         std::uint16_t index_in, Pools pools)
    : site(scenario.members[index_in]),
      index(index_in),
      keys(scenario.seed, PeerId{index_in}, roster.size()),
      bridge(config_of(scenario, roster, index_in),
             mesh::Bridge::Ports{pools.packets, pools.frames, keys, keys, repair::plain_kernel(),
                                 pools.headers}),
      clock(site.skew_ppm),
      videos{VideoModel{Layer::hi, video_random(scenario, index_in, Layer::hi)},
             VideoModel{Layer::mid, video_random(scenario, index_in, Layer::mid)},
             VideoModel{Layer::lo, video_random(scenario, index_in, Layer::lo)}},
      document(site.documents.empty() ? nullptr
                                      : std::make_unique<DocumentModel>(scenario, index_in)),
      voice(CounterRandom{scenario.seed, Purpose::audio, index_in}),
      host(scenario.seed, index_in, scenario.ideal_host, site.decode_load),
      peers(roster.size()),
      paths(roster.size()) {
  CounterRandom start{scenario.seed, Purpose::start_offset, index};
  starts_at = timestamp_from_ns(0) + scenario.members[index].joins + below(start, kStartSpreadNs);
  camera_phase = below(start, 1'000'000'000 / scenario.camera_fps);
  microphone_phase = below(start, to_ns(kAudioFrame));
  loudspeaker_phase = below(start, to_ns(kDeviceTick));
  CounterRandom wall{scenario.seed, Purpose::wall_offset, index};
  wall_offset = below(wall, 2 * to_ns(kWallSpread)) - kWallSpread;
}

PictureShown Participant::picture_of(const mesh::FrameShown& shown, std::uint16_t to,
                                     Timestamp now) const {
  if (shown.stream.source == Source::document) {
    const PageModel::Shown& page = document->layer(shown.stream.layer).shown(shown.frame_number);
    return {index,
            to,
            Source::document,
            shown.stream.layer,
            page.captured_at,
            now,
            PageSeen{page.turned_at, page.whole}};
  }
  const auto& of_layer = captures[static_cast<std::size_t>(shown.stream.layer) - 1];
  const Timestamp captured_at = of_layer[shown.frame_number % kCapturesKept];
  return {index, to, Source::camera, shown.stream.layer, captured_at, now, std::nullopt};
}

SoundPlayed Participant::sound_of(const mesh::PlayAudio& play, const mesh::AudioPlayed& played,
                                  std::uint16_t to, const DeviceClock& clock_of_to) const {
  SoundPlayed sound{index,          to,           played.action,
                    played.samples, std::nullopt, clock_of_to.true_time(played.plays_at)};
  if (play.captured) sound.captured_at = clock.true_time(wire_clock.local(*play.captured));
  return sound;
}

bool Participant::pauses(Timestamp now) const {
  const Duration at = now - Timestamp{};
  return std::any_of(site.pauses.begin(), site.pauses.end(),
                     [at](const MediaPause& p) { return p.from <= at && at < p.to; });
}

const DocumentShown* Participant::document_at(Timestamp now) const {
  const Duration at = now - Timestamp{};
  const auto found =
      std::find_if(site.documents.begin(), site.documents.end(),
                   [at](const DocumentShown& d) { return d.from <= at && at < d.to; });
  return found != site.documents.end() ? &*found : nullptr;
}

VideoModel* Participant::pictures(const StreamId& stream) {
  if (stream.source == Source::camera) return &video(stream.layer);
  return document ? &document->layer(stream.layer) : nullptr;
}

DecoderModel& Participant::Peer::decoder(const StreamId& stream) {
  if (stream.source == Source::camera) return decoders[static_cast<std::size_t>(stream.layer) - 1];
  if (!page_decoders) page_decoders = std::make_unique<std::array<DecoderModel, 2>>();
  return (*page_decoders)[stream.layer == Layer::hi ? 0 : 1];
}

NtpTime Participant::wall_time(Timestamp now) const {
  Duration offset = wall_offset + kWallSpread;
  for (const WallStep& step : site.wall_steps) {
    if (now - Timestamp{} >= step.at) offset += step.by;
  }
  const auto ns = static_cast<std::uint64_t>(to_ns(now) + to_ns(offset));
  return NtpTime::from_ns(kEpochSeconds * 1'000'000'000 + ns);
}

}  // namespace diemcau::sim
