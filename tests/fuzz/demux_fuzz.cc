// Any datagram: demultiplexing must look no further than the bytes that are there.
#include <cstdint>

#include "core/base/check.h"
#include "core/wire/demux.h"

using namespace diemcau::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const diemcau::ByteSpan datagram{data, size};
  const DatagramKind kind = demux(datagram);
  DC_CHECK(size > 0 || kind == DatagramKind::invalid);
  if (is_rtcp(datagram)) DC_CHECK(size >= 2);
  if (dtls_content(datagram)) {
    DC_CHECK(size >= kDtlsRecordHeaderBytes && kind == DatagramKind::dtls);
  }
  return 0;
}
