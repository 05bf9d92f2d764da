// Everything that crosses a bridge's boundary as 64-bit words: what the digest eats and --events
// and
// --input-log write (docs/LAB.md).
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/digest.h"
#include "core/mesh/boundary.h"
#include "core/units/time.h"

namespace diemcau::mesh {

// Reused by the caller, so that tracing does not allocate after warm-up.
using Words = std::vector<std::uint64_t>;

// Kinds as they stand in the third word: an input is 1 + its index in Input, an output 65 + its
// index in Output. New members of the variants go at their end, so that old event files stay
// readable.
constexpr std::uint64_t kFirstInputKind = 1;
constexpr std::uint64_t kFirstOutputKind = 65;

// Appends: time in ns, index of the bridge, kind, then every field in the order of its declaration.
// A signed value is its two's complement; an optional is 0, or 1 and the value; a string of bytes
// is its length, elided or not; an Endpoint is three words (address high, address low, port).
void trace(Timestamp now, std::uint16_t bridge, const Input& input, Words& out);
void trace(Timestamp now, std::uint16_t bridge, const Output& output, Words& out);
// The same words straight into a digest.
void trace(Timestamp now, std::uint16_t bridge, const Input& input, Digest& out);
void trace(Timestamp now, std::uint16_t bridge, const Output& output, Digest& out);

}  // namespace diemcau::mesh
