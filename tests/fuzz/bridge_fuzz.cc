// Two whole bridges in a meeting, one of them fed with whatever an authenticated peer and its own
// devices may do.
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/mesh/bridge.h"
#include "core/wire/rtp.h"
#include "tests/support/test_ports.h"

using namespace diemcau;

namespace {

constexpr Duration kLineDelay = 2ms;
// Play-out, record and pacer of one peer and four streams hold a few hundred packets each at most.
constexpr std::size_t kMostPackets = 8'192;

class Reader {
 public:
  Reader(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ == size_; }
  std::uint8_t u8() { return empty() ? std::uint8_t{0} : data_[at_++]; }
  std::uint16_t u16() { return static_cast<std::uint16_t>(u8() << 8 | u8()); }
  std::uint32_t u32() { return std::uint32_t{u16()} << 16 | u16(); }
  ByteSpan bytes(std::size_t n) {
    n = std::min(n, size_ - at_);
    const ByteSpan out(data_ + at_, n);
    at_ += n;
    return out;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

class World {
 public:
  World() {
    for (std::uint16_t i = 0; i < 2; ++i) {
      mesh::BridgeConfig config;
      for (std::uint16_t k = 0; k < 2; ++k) {
        config.roster.push_back({k == 0 ? "b0" : "b1",
                                 k == 0 ? mesh::Role::central : mesh::Role::member,
                                 {address(k)}});
      }
      config.self = PeerId{i};
      config.records = i == 0;
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
    DC_CHECK(!ends_[1].heard_ssrcs.empty());
  }

  void step(Reader& in) {
    switch (in.u8() % 16) {
      case 0: return arrive(mesh::PacketKind::rtp, in.bytes(in.u8()));
      case 1: return arrive(mesh::PacketKind::rtcp, in.bytes(in.u8()));
      case 2: return arrive(mesh::PacketKind::control, in.bytes(in.u8()));
      case 3: return arrive(mesh::PacketKind::stun, in.bytes(in.u8()));
      case 4: return arrive(mesh::PacketKind::dtls, in.bytes(in.u8()));
      case 5:
      case 6: return known_stream(in);
      case 7: return again(in);
      case 8: return input(0, mesh::AudioWanted{PeerId{in.u8()}, in.u16()});
      case 9: return sound(in.u8() % 2U, in.u16());
      case 10: {
        const std::size_t i = in.u8() % 2U;
        const auto layer = static_cast<Layer>(1 + in.u8() % 3);
        const std::uint32_t number = in.u16();
        return picture(i, layer, number, number - in.u8(), in.u16());
      }
      case 11: return decoded(in);
      case 12: return played(in);
      case 13: return command(in);
      case 14: return stranger(in.bytes(in.u8()));
      default: return run_for(1ms * in.u8());
    }
  }
  void finish() {
    run_for(3s);
    DC_CHECK(packets_.in_use() <= kMostPackets);
  }

 private:
  struct End {
    std::unique_ptr<test::KeyedMac> mac;
    test::FourFlightsFactory handshakes;
    std::unique_ptr<mesh::Bridge> bridge;
    std::optional<PathId> path;
    bool up = false;
    std::vector<std::uint32_t> heard_ssrcs;
  };
  struct Crossing {
    std::size_t to = 0;
    mesh::PacketKind kind{};
    PacketRef packet;
  };

  static Endpoint address(std::uint16_t i) { return Endpoint::v4(0x0A00'0000U + i, 5000); }

  // ------------------------------------------------------------ what may come

  PacketRef packet_of(ByteSpan bytes) {
    PacketRef packet = packets_.take();
    std::copy(bytes.begin(), bytes.end(), packet->data());
    packet->set_size(bytes.size());
    return packet;
  }
  void arrive(mesh::PacketKind kind, ByteSpan bytes) {
    if (ends_[0].path) {
      input(0, mesh::PacketArrived{*ends_[0].path, kind, now_, packet_of(bytes)});
    }
  }
  void stranger(ByteSpan bytes) {
    input(0, mesh::StrangerArrived{0, Endpoint::v4(0x0A00'0009U, 1), now_, packet_of(bytes)});
  }
  // An honest header on a stream that exists, with any sequence number, time, descriptor and
  // payload: a fuzzer does not guess 32 bits.
  void known_stream(Reader& in) {
    const auto& ssrcs = ends_[1].heard_ssrcs;
    wire::RtpHeader header;
    header.ssrc = Ssrc{ssrcs[in.u8() % ssrcs.size()]};
    header.seq = SeqNo{in.u16()};
    header.timestamp = in.u32();
    header.marker = (in.u8() & 1) != 0;
    wire::RtpExtensions extensions;
    const std::uint8_t flags = in.u8();
    if ((flags & 1) != 0) {
      wire::FrameDescriptor d;
      d.frame_number = in.u16();
      d.layer = static_cast<Layer>(1 + in.u8() % 3);
      d.start = (flags & 2) != 0;
      d.end = (flags & 4) != 0;
      d.key = (flags & 8) != 0;
      if (!d.key) {
        d.newest_needed_diff = std::max<std::uint8_t>(in.u8(), 1);
        d.oldest_needed_diff = std::max(in.u8(), d.newest_needed_diff);
      }
      extensions.frame_descriptor = d;
    } else {
      extensions.audio_level = wire::AudioLevel{20, true};
    }
    if ((flags & 16) != 0) {
      extensions.absolute_capture =
          wire::AbsoluteCapture{NtpTime::from_raw(std::uint64_t{in.u32()} << 32 | in.u32())};
    }
    PacketRef packet = packets_.take();
    ByteWriter writer(packet->buffer());
    wire::write_rtp_header(writer, header, extensions);
    writer.bytes(in.bytes(in.u8()));
    packet->set_size(writer.size(), (flags & 32) != 0 ? in.u16() % 1'400 : 0);
    if (ends_[0].path) {
      input(0, mesh::PacketArrived{*ends_[0].path, mesh::PacketKind::rtp, now_, std::move(packet)});
    }
  }
  // A datagram that crossed before, with bytes changed: near to what is understood.
  void again(Reader& in) {
    if (crossed_.empty()) return;
    Crossing& old = crossed_[in.u8() % crossed_.size()];
    std::vector<std::uint8_t> bytes(old.packet->bytes().begin(), old.packet->bytes().end());
    for (std::uint8_t n = in.u8() % 8; n > 0 && !bytes.empty(); --n) {
      const std::size_t at = in.u16() % bytes.size();
      bytes[at] = in.u8();
    }
    if (old.to == 0) {
      arrive(old.kind, bytes);
    } else if (ends_[1].path) {
      input(1, mesh::PacketArrived{*ends_[1].path, old.kind, now_, packet_of(bytes)});
    }
  }
  void sound(std::size_t i, std::uint16_t length) {
    static constexpr std::array<std::uint8_t, 2'048> kBytes{};
    mesh::AudioEncoded frame;
    frame.captured_at = now_ - 20ms;
    frame.length = length % kBytes.size();
    frame.bytes = ByteSpan(kBytes).first(frame.length);
    input(i, frame);
  }
  void picture(std::size_t i, Layer layer, std::uint32_t number, std::uint32_t needed,
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
  void decoded(Reader& in) {
    const StreamId stream{PeerId{in.u8()}, Source::camera, static_cast<Layer>(in.u8() % 4)};
    const std::uint32_t number = in.u16();
    if ((in.u8() & 1) != 0) {
      input(0, mesh::FrameDecoded{stream, number, in.u8() % 4 != 0, 1ms});
    } else {
      input(0, mesh::FrameShown{stream, number, now_ + 1ms * in.u8()});
    }
  }
  void played(Reader& in) {
    mesh::AudioPlayed report;
    report.origin = PeerId{in.u8()};
    report.action = static_cast<mesh::AudioAction>(in.u8() % 6);
    report.samples = in.u16();
    report.plays_at = now_ + 1ms * in.u8();
    if ((in.u8() & 1) != 0) report.captured_at = now_ - 1ms * in.u8();
    input(0, report);
  }
  void command(Reader& in) {
    const std::uint8_t what = in.u8();
    if (what == 255) return input(0, mesh::Command{mesh::Leave{}});
    if (what >= 128) {
      return input(0, mesh::LocalStatus{(what & 1) != 0, (what & 2) != 0, (what & 4) != 0});
    }
    mesh::Subscribe s;
    s.origin = PeerId{static_cast<std::uint16_t>(what % 4)};
    s.source = static_cast<Source>(what / 4 % 3);
    if (what % 8 != 7) s.layer = static_cast<Layer>(what % 4);
    input(0, mesh::Command{s});
  }

  // ------------------------------------------------------------------ driving

  void input(std::size_t i, mesh::Input in) {
    ends_[i].bridge->handle(now_, std::move(in));
    drain(i);
    DC_CHECK(ends_[i].bridge->next_deadline().has_value());
  }
  void drain(std::size_t i) {
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
      } else if (auto* send = std::get_if<mesh::SendPacket>(&*out)) {
        DC_CHECK(send->packet->wire_size() <= 1'232);
        if (ends_[i].path && *ends_[i].path == send->path) cross(i, *send);
      }
    }
  }
  void cross(std::size_t from, mesh::SendPacket& send) {
    if (send.kind == mesh::PacketKind::rtp && from == 1) {
      const auto rtp = wire::parse_rtp(send.packet->bytes());
      DC_CHECK(rtp.has_value());
      auto& ssrcs = ends_[1].heard_ssrcs;
      if (std::find(ssrcs.begin(), ssrcs.end(), rtp->header.ssrc.value) == ssrcs.end() &&
          ssrcs.size() < 64) {
        ssrcs.push_back(rtp->header.ssrc.value);
      }
    }
    Crossing crossing{1 - from, send.kind, std::move(send.packet)};
    if (crossed_.size() < 64) crossed_.push_back(crossing);
    line_.emplace(now_ + kLineDelay, std::move(crossing));
  }
  void run_for(Duration d) {
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

  PacketPool packets_;
  FramePool frames_;
  Timestamp now_ = timestamp_from_ns(1'000'000'000);
  std::multimap<Timestamp, Crossing> line_;
  std::vector<Crossing> crossed_;
  std::array<std::array<std::uint32_t, 4>, 2> newest_{};
  std::array<End, 2> ends_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4'096) return 0;
  World world;
  Reader in(data, size);
  while (!in.empty()) world.step(in);
  world.finish();
  return 0;
}
