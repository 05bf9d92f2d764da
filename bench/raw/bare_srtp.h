// libsrtp alone, with the profile and the replay window that the node uses (RFC 7714).
#pragma once

#include <cstddef>
#include <cstdint>

struct srtp_ctx_t_;

namespace diemcau::bench {

// One direction out, one in, under the same key.
class BareSrtp {
 public:
  BareSrtp();
  ~BareSrtp();
  BareSrtp(const BareSrtp&) = delete;
  BareSrtp& operator=(const BareSrtp&) = delete;

  // In place, with 16 bytes of room behind; the new size. Sequence numbers are the caller's.
  std::size_t protect(std::uint8_t* packet, std::size_t size);
  std::size_t unprotect(std::uint8_t* packet, std::size_t size);

 private:
  srtp_ctx_t_* out_ = nullptr;
  srtp_ctx_t_* in_ = nullptr;
};

// Twelve bytes of RTP, sequence number n.
void write_rtp_header(std::uint8_t* packet, std::uint64_t n);

}  // namespace diemcau::bench
