// Any congestion feedback: a report that is accepted is written again to the same meaning.
#include "core/wire/ccfb.h"

#include <cstdint>
#include <vector>

#include "core/base/check.h"
#include "core/wire/rtcp.h"

using namespace diemcau;
using namespace diemcau::wire;

namespace {

struct Copy {
  std::vector<std::vector<CcfbPacket>> packets;
  std::vector<CcfbStream> streams;
  explicit Copy(const Ccfb& report) {
    report.for_each_stream([this](const CcfbStreamView& v) {
      auto& list = packets.emplace_back();
      for (std::size_t i = 0; i < v.size(); ++i) list.push_back(v[i]);
      streams.push_back({v.ssrc(), v.begin(), {}});
    });
    for (std::size_t i = 0; i < streams.size(); ++i) streams[i].packets = packets[i];
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0xFFFF) return 0;
  RtcpReader reader({data, size});
  while (const auto packet = reader.next()) {
    const auto* report = std::get_if<Ccfb>(&*packet);
    if (!report) continue;
    const Copy first(*report);
    std::vector<std::uint8_t> buffer(size);
    ByteWriter out(buffer);
    write_ccfb(out, report->sender, first.streams, report->report_timestamp);
    DC_CHECK(out.ok());
    RtcpReader again(out.written());
    const auto copied = again.next();
    DC_CHECK(copied && std::holds_alternative<Ccfb>(*copied));
    const auto& second_report = std::get<Ccfb>(*copied);
    DC_CHECK(second_report.report_timestamp == report->report_timestamp);
    DC_CHECK(Copy(second_report).packets == first.packets);
  }
  return 0;
}
