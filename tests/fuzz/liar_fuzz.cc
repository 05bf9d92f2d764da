// An authenticated peer that lies: about what arrived and when (RFC 8888), about itself, about what
// it wants, and as often as it likes.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/wire/control.h"
#include "core/wire/messages.h"
#include "core/wire/repair.h"
#include "core/wire/rtcp.h"
#include "core/wire/rtp.h"
#include "tests/fuzz/reader.h"
#include "tests/fuzz/two_bridges.h"

using namespace diemcau;

namespace {

using fuzz::Reader;

// b1 lies to b0, whose devices make what its encoders are told.
class Liar : public fuzz::TwoBridges {
 public:
  void step(Reader& in) {
    switch (in.u8() % 15) {
      case 0:
      case 1:
      case 2: return tell(feedback(in), mesh::PacketKind::rtcp);
      case 3: return flood(in.u8());
      case 4: return sender_report(in);
      case 5: return say(state(in));
      case 6: return say(complaint(in));
      case 7: return say(greeting(in));
      case 8: return tell(fragment(in), mesh::PacketKind::control);
      case 9: deaf_ = !deaf_; return;
      case 10: return live(1 + in.u8() % 30);
      case 11: return run_for(1ms * in.u8());
      case 12:
      case 13: return tell(question(in), mesh::PacketKind::rtcp);
      default: return tell(repair(in), mesh::PacketKind::rtp);
    }
  }

 protected:
  // Of what b1 itself would say, feedback may be kept back: then only lies are heard.
  bool crosses(std::size_t from, const mesh::SendPacket& send) const override {
    return !deaf_ || from == 0 || send.kind != mesh::PacketKind::rtcp;
  }

 private:
  void tell(std::vector<std::uint8_t> bytes, mesh::PacketKind kind) {
    last_ = std::move(bytes);
    last_kind_ = kind;
    arrive(kind, last_);
  }
  void flood(std::uint8_t times) {
    for (std::uint8_t n = 0; n < times; ++n) arrive(last_kind_, last_);
  }

  Ssrc victims(Reader& in) {
    const std::uint8_t which = in.u8();
    const auto& ssrcs = ends_[0].sent_ssrcs;
    return Ssrc{which < 224 ? ssrcs[which % ssrcs.size()] : in.u32()};
  }
  // Any packets, sent or not, that came at any time, in a report of any time.
  std::vector<std::uint8_t> feedback(Reader& in) {
    std::array<std::vector<wire::CcfbPacket>, 4> packets;
    std::vector<wire::CcfbStream> streams;
    const std::size_t count = 1 + in.u8() % packets.size();
    for (std::size_t i = 0; i < count; ++i) {
      const Ssrc ssrc = victims(in);
      const auto newest = ends_[0].newest_seq.find(ssrc.value);
      const SeqNo last = newest == ends_[0].newest_seq.end() ? SeqNo{} : newest->second;
      const std::uint8_t far = in.u8();
      const auto behind = static_cast<std::uint16_t>(far < 240 ? far : in.u16());
      packets[i].resize(std::size_t{in.u8()} + 1);
      const std::uint8_t pattern = in.u8(), slope = in.u8();
      std::uint16_t offset = in.u16();
      for (std::size_t k = 0; k < packets[i].size(); ++k) {
        if ((pattern >> (k % 8) & 1) == 0) continue;
        packets[i][k] = {true, static_cast<std::uint8_t>(slope & 3),
                         static_cast<std::uint16_t>(offset & 0x1FFF)};
        offset = static_cast<std::uint16_t>(offset - slope);
      }
      streams.push_back({ssrc, SeqNo{static_cast<std::uint16_t>(last.value - behind)}, packets[i]});
    }
    std::vector<std::uint8_t> bytes(4'096);
    ByteWriter out(bytes);
    wire::write_ccfb(out, Ssrc{ends_[1].sent_ssrcs[0]}, streams, report_time(in));
    bytes.resize(std::min<std::size_t>(out.size(), 1'500));
    return bytes;
  }
  std::uint32_t report_time(Reader& in) {
    const std::uint8_t how = in.u8();
    if (how % 4 == 3) return in.u32();
    if (how % 4 == 2) clock_ += in.u16();  // a jump that stays
    return clock_ + static_cast<std::uint32_t>(to_ms(now_.time_since_epoch()) * 65'536 / 1'000);
  }
  // For packets that were sent or not, of any stream.
  std::vector<std::uint8_t> question(Reader& in) {
    std::vector<SeqNo> lost;
    auto id = static_cast<std::uint16_t>(in.u8() % 4 == 0 ? in.u16() : in.u8());
    for (std::size_t n = 1 + in.u8() % 128; n > 0; --n) {
      lost.push_back(SeqNo{id});
      id = static_cast<std::uint16_t>(id + 1 + in.u8() % 4);
    }
    std::vector<std::uint8_t> bytes(2'048);
    ByteWriter out(bytes);
    wire::write_nack(out, Ssrc{ends_[1].sent_ssrcs[0]}, victims(in), lost);
    bytes.resize(std::min<std::size_t>(out.size(), 1'500));
    return bytes;
  }
  // Over windows of packets that were sent or not, with bytes that fit nothing.
  std::vector<std::uint8_t> repair(Reader& in) {
    const auto& ssrcs = ends_[1].sent_ssrcs;
    std::vector<std::uint8_t> bytes(1'300);
    ByteWriter out(bytes);
    wire::RtpHeader header;
    header.payload_type = wire::kRepairPayloadType;
    header.marker = in.u8() % 2 == 0;
    header.seq = SeqNo{in.u16()};
    header.ssrc = Ssrc{ssrcs[in.u8() % ssrcs.size()]};
    wire::write_rtp_header(out, header, {});
    wire::RepairHeader window;
    window.first = static_cast<std::uint16_t>(in.u8() % 4 == 0 ? in.u16() : in.u8());
    window.count = static_cast<std::uint8_t>(1 + in.u8() % 80);
    window.density = static_cast<std::uint8_t>(in.u8() % 16);
    window.key = window.count == 1 ? std::uint16_t{0} : static_cast<std::uint16_t>(in.u16() | 1);
    wire::write(out, window);
    for (std::size_t n = in.u8() * std::size_t{4}; n > 0; --n) out.u8(in.u8());
    bytes.resize(out.size());
    return bytes;
  }
  void sender_report(Reader& in) {
    wire::SenderInfo info;
    info.ntp = NtpTime::from_raw(std::uint64_t{in.u32()} << 32 | in.u32());
    info.rtp_timestamp = in.u32();
    info.packets = info.octets = in.u32();
    const auto& ssrcs = ends_[1].sent_ssrcs;
    std::vector<std::uint8_t> bytes(256);
    ByteWriter out(bytes);
    wire::write_sender_report(out, Ssrc{ssrcs[in.u8() % ssrcs.size()]}, info, {});
    bytes.resize(out.size());
    tell(std::move(bytes), mesh::PacketKind::rtcp);
  }

  // ------------------------------------------------------------------ control

  void say(const wire::Message& message) {
    std::vector<std::uint8_t> bytes(wire::kMaxMessageBytes);
    ByteWriter writer(bytes);
    wire::write(writer, message);
    const ByteSpan whole = writer.written();
    const auto count = static_cast<std::uint16_t>(wire::fragment_count(whole.size()));
    const std::uint32_t id = next_message_++;
    for (std::uint16_t i = 0; i < count; ++i)
      tell(datagram({wire::ControlPriority::floor, id, i, count, wire::fragment_of(whole, i)}),
           mesh::PacketKind::control);
  }
  static std::vector<std::uint8_t> datagram(const wire::ControlFragment& f) {
    std::vector<std::uint8_t> bytes(wire::kMaxControlDatagram);
    ByteWriter out(bytes);
    wire::write_control_header(out);
    wire::write(out, f);
    bytes.resize(out.size());
    return bytes;
  }
  // Of messages that never end, or of many at once.
  std::vector<std::uint8_t> fragment(Reader& in) {
    static const std::vector<std::uint8_t> filler(wire::kFragmentBytes, 1);
    wire::ControlFragment f;
    f.priority = static_cast<wire::ControlPriority>(in.u8() % wire::kControlPriorities);
    f.message_id = in.u16() % 2 == 0 ? in.u32() : next_message_ + in.u8();
    f.count = static_cast<std::uint16_t>(1 + in.u8() % wire::kMaxFragments);
    f.index = static_cast<std::uint16_t>(in.u8() % f.count);
    f.bytes = ByteSpan(filler).first(f.index + 1 == f.count ? 1 + in.u16() % 1'000 : filler.size());
    return datagram(f);
  }
  wire::Message state(Reader& in) {
    wire::BridgeState d;
    d.serial = serial_ += 1U + in.u8() % 3U;
    if (in.u8() == 255) d.serial = serial_ = ~std::uint64_t{0} - in.u8();
    const std::uint8_t flags = in.u8();
    d.microphone = (flags & 1) != 0;
    d.camera = (flags & 2) != 0;
    for (std::uint8_t n = in.u8() % 8; n > 0; --n) {
      wire::Subscription s{in.u8() % 4 == 0 ? "b9" : "b0", static_cast<Source>(in.u8() % 3), {}};
      if (const std::uint8_t layer = in.u8() % 5; layer < 4) s.layer = static_cast<Layer>(layer);
      d.subscriptions.push_back(s);
    }
    for (std::size_t n = in.u8() % wire::kMaxStreams; n > 0; --n) {
      const std::uint8_t which = in.u8();
      const auto& known = ends_[1].sent_ssrcs;
      d.streams.push_back({Ssrc{which < 128 ? known[which % known.size()] : in.u32()},
                           static_cast<Source>(which % 4), static_cast<Layer>(in.u8() % 4)});
    }
    return d;
  }
  wire::Message complaint(Reader& in) {
    const Ssrc ssrc = victims(in);
    if (in.u8() % 2 == 0) return wire::KeyRequest{ssrc};
    return wire::LossReport{ssrc, in.u16(), in.u16()};
  }
  wire::Message greeting(Reader& in) {
    if (in.u8() == 255) return wire::Goodbye{static_cast<wire::GoodbyeReason>(in.u8() % 3)};
    // In this order: braces are read from the left.
    return wire::Hello{in.u8(), in.u8(), in.u32(), in.u32(), in.u8() % 2 == 0 ? "b1" : "b0", {}};
  }

  // b0's devices for some pictures: what its encoders were told, as far as they were told it.
  void live(std::uint8_t pictures) {
    for (std::uint8_t n = 0; n < pictures; ++n) {
      sound(0, 80);
      for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi}) {
        mesh::SetEncoder& told = ends_[0].encoders[static_cast<std::size_t>(layer)];
        if (!told.active) continue;
        // The next number; those that five divides are key frames.
        picture(0, layer, told.idr ? 0 : 1, ~0U,
                static_cast<std::uint16_t>(told.rate.bps() / 8 / told.fps));
        told.idr = false;
      }
      run_for(33ms);
    }
    check_memory_and_rates();
  }

  bool deaf_ = false;
  std::vector<std::uint8_t> last_;
  mesh::PacketKind last_kind_ = mesh::PacketKind::rtcp;
  std::uint32_t clock_ = 0;
  std::uint32_t next_message_ = 1'000;  // beyond those of b1 itself
  std::uint64_t serial_ = 1'000;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4'096) return 0;
  Liar liar;
  Reader in(data, size);
  while (!in.empty()) liar.step(in);
  liar.finish();
  return 0;
}
