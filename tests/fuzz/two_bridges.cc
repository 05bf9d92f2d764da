// The line, and the driving of both ends in virtual time.
#include "tests/fuzz/two_bridges.h"

#include <algorithm>

#include "core/wire/rtp.h"

namespace diemcau::fuzz {

void TwoBridges::begin() {
  for (std::uint16_t i = 0; i < 2; ++i) {
    mesh::BridgeConfig config;
    for (std::uint16_t k = 0; k < 2; ++k) {
      config.roster.push_back(
          {k == 0 ? "b0" : "b1", k == 0 ? mesh::Role::central : mesh::Role::member, {address(k)}});
    }
    config.self = PeerId{i};
    config.records = i == 0;
    config.uplink = kUplink;
    config.seed = 5 + i;
    ends_[i].mac = std::make_unique<test::KeyedMac>(PeerId{i}, 42);
    ends_[i].bridge = std::make_unique<mesh::Bridge>(
        config, mesh::Bridge::Ports{packets_, frames_, *ends_[i].mac, ends_[i].handshakes});
    input(i, mesh::WallClock{NtpTime::from_ns(3'976'214'400'000'000'000U), 1ms});
    input(i, mesh::LocalStatus{true, true, false});
  }
  run_for(400ms);
  DC_CHECK(ends_[0].up && ends_[1].up);
  // A little media, so that streams are known and their SSRCs can be named.
  for (std::uint32_t n = 0; n < 3; ++n) {
    for (std::size_t i = 0; i < 2; ++i) {
      sound(i, 80);
      for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi}) picture(i, layer, n, n, 1'500);
    }
    run_for(20ms);
  }
  DC_CHECK(!ends_[1].sent_ssrcs.empty());
}

void TwoBridges::picture(std::size_t i, Layer layer, std::uint32_t number, std::uint32_t needed,
                         std::uint16_t size) {
  static const std::vector<std::uint8_t> bytes(65'536, 0x41);
  // Numbers of one source grow: a promise of the driver.
  auto& newest = newest_[i][static_cast<std::size_t>(layer)];
  newest = std::max(newest + 1, number);
  mesh::VideoEncoded frame;
  frame.layer = layer;
  frame.captured_at = now_ - 10ms;
  frame.frame_number = newest;
  frame.newest_needed = frame.oldest_needed = std::min(needed, newest - 1);
  frame.key = number % 5 == 0;
  const std::array<mesh::NalUnit, 2> nals = {{{bytes.data(), 10}, {bytes.data(), size}}};
  frame.nals = nals;
  input(i, frame);
}

void TwoBridges::drain(std::size_t i) {
  std::size_t outputs = 0;
  while (auto out = ends_[i].bridge->poll()) {
    DC_CHECK(++outputs < 100'000);
    if (auto* opened = std::get_if<mesh::PathOpened>(&*out)) {
      if (opened->remote == address(static_cast<std::uint16_t>(1 - i)))
        ends_[i].path = opened->path;
    } else if (auto* closed = std::get_if<mesh::PathClosed>(&*out)) {
      if (ends_[i].path && *ends_[i].path == closed->path) ends_[i].path.reset();
    } else if (auto* event = std::get_if<mesh::Event>(&*out)) {
      if (event->kind == mesh::EventKind::link_up) ends_[i].up = true;
    } else if (auto* set = std::get_if<mesh::SetEncoder>(&*out)) {
      encoder_set(i, *set);
    } else if (auto* send = std::get_if<mesh::SendPacket>(&*out)) {
      DC_CHECK(send->packet->wire_size() <= 1'232);
      if (ends_[i].path && *ends_[i].path == send->path && crosses(i, *send)) cross(i, *send);
    }
  }
}

void TwoBridges::cross(std::size_t from, mesh::SendPacket& send) {
  if (send.kind == mesh::PacketKind::rtp) {
    const auto rtp = wire::parse_rtp(send.packet->bytes());
    DC_CHECK(rtp.has_value());
    auto& ssrcs = ends_[from].sent_ssrcs;
    ends_[from].newest_seq[rtp->header.ssrc.value] = rtp->header.seq;
    if (std::find(ssrcs.begin(), ssrcs.end(), rtp->header.ssrc.value) == ssrcs.end() &&
        ssrcs.size() < 64) {
      ssrcs.push_back(rtp->header.ssrc.value);
    }
  }
  Crossing crossing{1 - from, send.kind, std::move(send.packet)};
  if (crossed_.size() < 64) crossed_.push_back(crossing);
  line_.emplace(now_ + kLineDelay, std::move(crossing));
}

void TwoBridges::run_for(Duration d) {
  const Timestamp end = now_ + d;
  for (std::uint64_t steps = 0; now_ < end; ++steps) {
    DC_CHECK(steps < 200'000);  // a deadline that does not move is a hang
    Timestamp next = end;
    for (const End& e : ends_) next = std::min(next, *e.bridge->next_deadline());
    if (!line_.empty()) next = std::min(next, line_.begin()->first);
    now_ = std::max(now_, next);
    while (!line_.empty() && line_.begin()->first <= now_) {
      Crossing c = std::move(line_.begin()->second);
      line_.erase(line_.begin());
      if (ends_[c.to].path) {
        input(c.to, mesh::PacketArrived{*ends_[c.to].path, c.kind, now_, std::move(c.packet)});
      } else if (c.kind == mesh::PacketKind::stun) {
        const auto from = static_cast<std::uint16_t>(1 - c.to);
        input(c.to, mesh::StrangerArrived{0, address(from), now_, std::move(c.packet)});
      }
    }
    for (std::size_t i = 0; i < 2; ++i) {
      if (*ends_[i].bridge->next_deadline() <= now_) input(i, mesh::TimePassed{});
    }
  }
}

void TwoBridges::check_memory_and_rates() {
  DC_CHECK(packets_.in_use() <= kMostPackets);
  for (const End& e : ends_) {
    for (const auto& path : e.bridge->report(now_).paths) {
      DC_CHECK(path.target || !path.up);
      if (!path.target) continue;
      DC_CHECK(*path.target >= Bitrate::kbps(80));
      DC_CHECK(*path.target <= kUplink);
    }
  }
}

}  // namespace diemcau::fuzz
