// Two whole bridges in a meeting, one of them fed with whatever an authenticated peer and its own
// devices may do.
#include "core/wire/rtp.h"
#include "tests/fuzz/reader.h"
#include "tests/fuzz/two_bridges.h"

using namespace diemcau;

namespace {

using fuzz::Reader;

class World : public fuzz::TwoBridges {
 public:
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

 private:
  void stranger(ByteSpan bytes) {
    input(0, mesh::StrangerArrived{0, Endpoint::v4(0x0A00'0009U, 1), now_, packet_of(bytes)});
  }
  // An honest header on a stream that exists, with any sequence number, time, descriptor and
  // payload: a fuzzer does not guess 32 bits.
  void known_stream(Reader& in) {
    const auto& ssrcs = ends_[1].sent_ssrcs;
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
    if (what >= 96) {
      const StreamId stream{PeerId{static_cast<std::uint16_t>(what % 4)},
                            static_cast<Source>(what / 4 % 3), static_cast<Layer>(in.u8() % 4)};
      return input(0, mesh::Command{mesh::RequestKey{stream}});
    }
    mesh::Subscribe s;
    s.origin = PeerId{static_cast<std::uint16_t>(what % 4)};
    s.source = static_cast<Source>(what / 4 % 3);
    if (what % 8 != 7) s.layer = static_cast<Layer>(what % 4);
    input(0, mesh::Command{s});
  }
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
