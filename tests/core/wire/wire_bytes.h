// Bytes for tests of parsers: hex, garbage of every length, and HMAC-SHA256 for STUN.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/base/rng.h"

namespace diemcau::wire_test {

using Bytes = std::vector<std::uint8_t>;

// Two digits a byte; spaces are for the reader.
Bytes hex(std::string_view text);

// HMAC-SHA256 (RFC 2104, FIPS 180-4), checked against RFC 4231 in stun_test.cc.
std::array<std::uint8_t, 32> hmac_sha256(ByteSpan key, ByteSpan message);

constexpr std::uint64_t kGarbageSeed = 20'261'123;

// f(ByteSpan) for garbage of every length 0–2048; `lead` (the bytes that get a datagram past the
// first check) replaces its start. Each datagram is an allocation of its own, so that a sanitizer
// sees a read past the end.
template <typename F>
void for_each_garbage(const Bytes& lead, F&& f) {
  Rng rng(kGarbageSeed);
  for (std::size_t length = 0; length <= 2048; ++length) {
    Bytes b(length);
    for (auto& byte : b) byte = static_cast<std::uint8_t>(rng.next());
    for (std::size_t i = 0; i < lead.size() && i < length; ++i) b[i] = lead[i];
    f(ByteSpan{b});
  }
}

// f(ByteSpan) for every proper prefix, each in an allocation of its own.
template <typename F>
void for_each_prefix(const Bytes& whole, F&& f) {
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const Bytes prefix(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    f(ByteSpan{prefix});
  }
}

// f(ByteSpan) for `rounds` copies of `whole` with one to eight bytes changed.
template <typename F>
void for_each_mutation(const Bytes& whole, int rounds, F&& f) {
  Rng rng(kGarbageSeed);
  for (int i = 0; i < rounds; ++i) {
    Bytes b = whole;
    for (std::uint32_t k = rng.below(8) + 1; k > 0; --k) {
      b[rng.below(static_cast<std::uint32_t>(b.size()))] = static_cast<std::uint8_t>(rng.next());
    }
    f(ByteSpan{b});
  }
}

inline Bytes copy(ByteSpan b) { return {b.begin(), b.end()}; }

}  // namespace diemcau::wire_test
