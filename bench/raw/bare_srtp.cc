#include "bench/raw/bare_srtp.h"

#include <srtp2/srtp.h>

#include <array>
#include <cstring>

#include "core/base/check.h"
#include "node/secure/secure_link.h"

namespace diemcau::bench {

BareSrtp::BareSrtp() {
  // libsrtp must be started exactly once in a process, and a session of the node's does that.
  static const node::secure::SrtpSession started{node::secure::SrtpKeys{}};
  std::array<std::uint8_t, 44> key{1, 2, 3};
  srtp_policy_t policy{};
  srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
  srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
  policy.key = key.data();
  policy.window_size = node::secure::kReplayWindow;
  policy.ssrc.type = ssrc_any_outbound;
  DC_CHECK(srtp_create(&out_, &policy) == srtp_err_status_ok);
  policy.ssrc.type = ssrc_any_inbound;
  DC_CHECK(srtp_create(&in_, &policy) == srtp_err_status_ok);
}

BareSrtp::~BareSrtp() {
  srtp_dealloc(out_);
  srtp_dealloc(in_);
}

std::size_t BareSrtp::protect(std::uint8_t* packet, std::size_t size) {
  int length = static_cast<int>(size);
  DC_CHECK(srtp_protect(out_, packet, &length) == srtp_err_status_ok);
  return static_cast<std::size_t>(length);
}

std::size_t BareSrtp::unprotect(std::uint8_t* packet, std::size_t size) {
  int length = static_cast<int>(size);
  DC_CHECK(srtp_unprotect(in_, packet, &length) == srtp_err_status_ok);
  return static_cast<std::size_t>(length);
}

void write_rtp_header(std::uint8_t* packet, std::uint64_t n) {
  const std::array<std::uint8_t, 12> header = {
      0x80, 111, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n), 0, 0, 0, 0, 1, 2,
      3,    4};
  std::memcpy(packet, header.data(), header.size());
}

}  // namespace diemcau::bench
