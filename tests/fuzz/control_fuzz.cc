// Any control datagram: chunks keep their promises and are written again to the same bytes.
#include "core/wire/control.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/check.h"

using namespace diemcau;
using namespace diemcau::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ControlReader reader({data, size});
  std::array<std::uint8_t, kMaxControlDatagram> buffer{};
  ByteWriter out(buffer);
  write_control_header(out);
  while (const auto chunk = reader.next()) {
    const std::size_t start = out.size();
    // write() checks the bounds that the reader promises.
    std::visit([&out](const auto& c) { write(out, c); }, *chunk);
    DC_CHECK(out.ok());
    const ByteSpan written = out.written().subspan(start);
    DC_CHECK(std::search(data, data + size, written.begin(), written.end()) != data + size);
  }
  return 0;
}
