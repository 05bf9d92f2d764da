// H.264 payloads one after the other (a 16-bit length before each), then the joined bytes scanned,
// planned and joined again to the same bytes.
#include "core/wire/h264.h"

#include <cstdint>
#include <vector>

#include "core/base/check.h"

using namespace diemcau;
using namespace diemcau::wire;

namespace {

constexpr std::size_t kBound = 20'000;

void cut_and_join(const std::vector<ByteSpan>& nals, std::size_t max_payload) {
  std::vector<std::uint32_t> sizes;
  std::vector<std::uint8_t> expected;
  for (const ByteSpan nal : nals) {
    sizes.push_back(static_cast<std::uint32_t>(nal.size()));
    expected.insert(expected.end(), {0, 0, 0, 1});
    expected.insert(expected.end(), nal.begin(), nal.end());
  }
  H264Planner planner(sizes, max_payload);
  H264Depacketiser joiner;
  std::vector<std::uint8_t> joined;
  std::vector<std::uint8_t> buffer(max_payload);
  while (const auto plan = planner.next()) {
    ByteWriter out(buffer);
    write_h264_payload(out, *plan, nals);
    DC_CHECK(out.ok() && out.size() == plan->size);
    DC_CHECK(joiner.append(out.written(), joined).has_value());
  }
  DC_CHECK(joiner.complete() && joined == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in({data, size});
  const std::size_t max_payload = 16 + in.u8();
  H264Depacketiser joiner(kBound);
  std::vector<std::uint8_t> joined;
  while (in.ok() && in.remaining() > 0) {
    if (!joiner.append(in.bytes(in.u16()), joined)) {
      joiner.reset();
      joined.clear();
    }
    DC_CHECK(joined.size() <= kBound);
  }
  // NAL units of our own encoder have a type of the codec and no forbidden bit.
  std::vector<ByteSpan> nals;
  AnnexBScanner scanner(joined);
  while (const auto nal = scanner.next()) {
    const std::uint8_t type = h264_nal_type((*nal)[0]);
    if (type >= 1 && type <= 23 && (*nal)[0] < 0x80) nals.push_back(*nal);
  }
  cut_and_join(nals, max_payload);
  return 0;
}
