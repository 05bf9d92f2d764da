// Any control message: what is read is within its bounds and survives being written again.
#include "core/wire/messages.h"

#include <cstdint>
#include <vector>

#include "core/base/check.h"
#include "core/wire/control.h"

using namespace diemcau;
using namespace diemcau::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = parse_message({data, size});
  if (!message || std::holds_alternative<UnknownMessage>(*message)) return 0;
  std::vector<std::uint8_t> buffer(kMaxMessageBytes);
  ByteWriter out(buffer);
  write(out, *message);
  DC_CHECK(out.ok());
  const auto again = parse_message(out.written());
  DC_CHECK(again && *again == *message);
  return 0;
}
