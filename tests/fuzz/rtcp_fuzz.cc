// Any RTCP datagram, compound or reduced-size: every view that it gives is walked to its end.
#include "core/wire/rtcp.h"

#include <cstdint>

#include "core/base/check.h"

using namespace diemcau;
using namespace diemcau::wire;

namespace {

struct Walk {
  std::size_t sum = 0;
  void operator()(const SenderReport& p) { blocks(p.blocks); }
  void operator()(const ReceiverReport& p) { blocks(p.blocks); }
  void operator()(const SourceDescription& p) {
    p.for_each_cname([this](const Cname& c) { text(c.name); });
  }
  void operator()(const Bye& p) {
    for (std::size_t i = 0; i < p.size(); ++i) sum += p[i].value;
    text(p.reason);
  }
  void operator()(const Nack& p) {
    p.for_each([this](SeqNo s) { sum += s.value; });
  }
  void operator()(const Ccfb& p) {
    p.for_each_stream([this](const CcfbStreamView& v) {
      for (std::size_t i = 0; i < v.size(); ++i) sum += v[i].arrival_offset;
    });
  }
  void operator()(const UnknownRtcp& p) { sum += p.packet_type; }

 private:
  void blocks(const ReportBlocks& b) {
    DC_CHECK(b.size() <= kMaxReportBlocks);
    for (std::size_t i = 0; i < b.size(); ++i) sum += b[i].highest_seq;
  }
  void text(std::string_view t) {
    DC_CHECK(t.size() <= 255);
    for (const char c : t) sum += c == 'x';
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  RtcpReader reader({data, size});
  Walk walk;
  std::size_t packets = 0;
  while (const auto packet = reader.next()) {
    std::visit(walk, *packet);
    ++packets;
  }
  DC_CHECK(packets <= size / 4);
  volatile std::size_t sink = walk.sum;  // so that the walk is not optimised away
  static_cast<void>(sink);
  return 0;
}
