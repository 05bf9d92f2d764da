// A link that loses, repeats and delays what it likes: whatever repair gives back is what was sent;
// and of repair that was tampered with, nothing but a bounded amount of work.
#include <cstring>
#include <vector>

#include "core/base/byte_writer.h"
#include "core/base/check.h"
#include "core/repair/decoder.h"
#include "core/repair/sent_symbols.h"
#include "core/wire/rtp.h"
#include "tests/fuzz/reader.h"

using namespace diemcau;
using namespace diemcau::repair;

namespace {

using fuzz::Reader;

class Link {
 public:
  void step(Reader& in) {
    switch (in.u8() % 8) {
      case 0:
      case 1:
      case 2: return media(in);
      case 3:
      case 4: return coded(in, false);
      case 5: return coded(in, true);
      case 6: return late(in);
      default: return repeated(in);
    }
  }

 private:
  void media(Reader& in) {
    const PacketId id = sent_.next();
    PacketRef p = packets_.take();
    ByteWriter out(p->buffer());
    wire::RtpExtensions extensions;
    extensions.symbol_id = static_cast<std::uint16_t>(id);
    wire::write_rtp_header(out, {wire::kVideoPayloadType, false, seq_no_of(id), 0, {}}, extensions);
    for (std::size_t n = in.u8() * std::size_t{4}; n > 0; --n) out.u8(in.u8());
    p->set_size(out.size());
    sent_.add(Timestamp{}, *p);
    media_.push_back(p);
    if (in.u8() % 4 != 0) decoder_.known(id, p);
    check();
  }
  void coded(Reader& in, bool tampered) {
    if (sent_.next() == 0) return;
    const auto remembered = static_cast<std::size_t>(sent_.next() - sent_.oldest());
    const std::size_t count = 1 + in.u8() % std::min(kMostSymbols, remembered);
    const PacketId first =
        sent_.next() - static_cast<PacketId>(std::min(count + in.u8() % 64, remembered));
    const auto key = static_cast<std::uint16_t>(count == 1 ? 0 : in.u16() | 1);
    const PacketRef payload = sent_.code(first, count, key);
    DC_CHECK(payload);
    if (tampered) {
      tampered_ = true;
      for (std::size_t n = 1 + in.u8() % 8; n > 0; --n) {
        payload->data()[in.u16() % payload->present()] = in.u8();
      }
    }
    deliver(*payload);
  }
  void repeated(Reader& in) {
    if (sent_.next() == 0) return;
    const auto remembered = static_cast<std::size_t>(sent_.next() - sent_.oldest());
    deliver(*sent_.code(sent_.next() - 1 - static_cast<PacketId>(in.u8() % remembered), 1, 0));
  }
  void late(Reader& in) {
    if (media_.empty()) return;
    const std::size_t i = media_.size() - 1 - in.u8() % media_.size();
    decoder_.known(static_cast<PacketId>(i), media_[i]);
    check();
  }
  void deliver(const Packet& payload) {
    const auto header = wire::parse_repair_header(payload.bytes());
    if (!header) return;
    const auto behind =
        static_cast<std::uint16_t>(static_cast<std::uint16_t>(sent_.next()) - header->first);
    static_cast<void>(
        decoder_.repair(sent_.next() - behind, *header, payload, wire::kRepairHeaderBytes));
    check();
  }
  void check() {
    DC_CHECK(decoder_.rows() <= Decoder::kMostRows);
    while (const auto recovered = decoder_.poll()) {
      if (tampered_) continue;  // who holds the keys may send what he likes
      const Packet& sent = *media_.at(static_cast<std::size_t>(recovered->id));
      DC_CHECK(recovered->packet->present() == sent.present());
      DC_CHECK(std::memcmp(recovered->packet->data(), sent.data(), sent.present()) == 0);
    }
  }

  PacketPool packets_;
  SentSymbols sent_{{packets_, plain_kernel()}};
  Decoder decoder_{packets_, plain_kernel()};
  std::vector<PacketRef> media_;
  bool tampered_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16'384) return 0;
  Link link;
  Reader in(data, size);
  while (!in.empty()) link.step(in);
  return 0;
}
