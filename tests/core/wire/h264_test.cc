// H.264 payloads: planning, writing, joining.
#include "core/wire/h264.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/core/wire/wire_bytes.h"

using namespace diemcau;
using namespace diemcau::wire;
using wire_test::Bytes;
using wire_test::hex;

namespace {

std::vector<H264Payload> plan(const std::vector<std::uint32_t>& sizes, std::size_t max_payload) {
  std::vector<H264Payload> all;
  H264Planner planner(sizes, max_payload);
  while (const auto p = planner.next()) all.push_back(*p);
  return all;
}

Bytes payload_of(const H264Payload& p, const std::vector<Bytes>& nals) {
  const std::vector<ByteSpan> spans(nals.begin(), nals.end());
  Bytes b(p.size);
  ByteWriter out(b);
  write_h264_payload(out, p, spans);
  REQUIRE(out.ok());
  REQUIRE(out.size() == p.size);
  return b;
}

// Random NAL units of types 1–23 that contain no start code.
std::vector<Bytes> random_nals(Rng& rng, std::uint32_t max_size) {
  std::vector<Bytes> nals(rng.below(12) + 1);
  for (Bytes& nal : nals) {
    nal.resize(rng.below(max_size) + 1);
    for (auto& b : nal) b = static_cast<std::uint8_t>(rng.below(255) + 1);
    nal[0] = static_cast<std::uint8_t>(rng.below(4) << 5 | (rng.below(23) + 1));
  }
  return nals;
}

std::vector<std::uint32_t> sizes_of(const std::vector<Bytes>& nals) {
  std::vector<std::uint32_t> sizes;
  for (const Bytes& nal : nals) sizes.push_back(static_cast<std::uint32_t>(nal.size()));
  return sizes;
}

H264Error error_of(const std::vector<Bytes>& payloads, std::size_t max = kMaxAccessUnitBytes) {
  H264Depacketiser d(max);
  Bytes out;
  for (const Bytes& p : payloads) {
    const auto r = d.append(p, out);
    if (!r) return r.error();
  }
  FAIL("no error");
  return H264Error::truncated;
}

}  // namespace

TEST_CASE("a NAL unit that fits alone is its own payload", "[wire][h264]") {
  const auto p = plan({1000}, 1100);
  REQUIRE(p.size() == 1);
  CHECK(p[0].packing == H264Packing::single);
  CHECK(p[0].size == 1000);
  CHECK(p[0].last);
  CHECK(payload_of(plan({3}, 100)[0], {hex("65AABB")}) == hex("65AABB"));
}

TEST_CASE("parameter sets and a small slice share a STAP-A", "[wire][h264]") {
  const std::vector<Bytes> nals{hex("67010203"), hex("6804"), hex("4105")};
  const auto p = plan(sizes_of(nals), 1100);
  REQUIRE(p.size() == 1);
  CHECK(p[0].packing == H264Packing::stap_a);
  CHECK(p[0].nal_count == 3);
  // NRI: the largest of 3, 3 and 2 → 60; type 24 → 78. Then size and NAL unit, three times.
  CHECK(payload_of(p[0], nals) == hex("78 0004 67010203 0002 6804 0002 4105"));
}

TEST_CASE("a NAL unit over the limit is cut into FU-A of nearly equal size", "[wire][h264]") {
  Bytes nal(2203, 0xAB);
  nal[0] = 0x65;  // IDR, NRI 3
  const auto p = plan({2203}, 1100);
  // 2,202 bytes behind the header, room for 1,098: three fragments of 734.
  REQUIRE(p.size() == 3);
  for (const H264Payload& f : p) {
    CHECK(f.packing == H264Packing::fu_a);
    CHECK(f.size == 736);
  }
  // Indicator: F=0 NRI=3 type 28 → 7C. Header: S or E, type 5.
  CHECK(Bytes(payload_of(p[0], {nal})).at(0) == 0x7C);
  CHECK(payload_of(p[0], {nal})[1] == 0x85);
  CHECK(payload_of(p[1], {nal})[1] == 0x05);
  CHECK(payload_of(p[2], {nal})[1] == 0x45);
  CHECK((!p[0].last && !p[1].last && p[2].last));
}

TEST_CASE("a STAP-A is filled to the limit and not over it", "[wire][h264]") {
  // 1 + (2 + 40) + (2 + 55) = 100.
  CHECK(plan({40, 55}, 100).size() == 1);
  CHECK(plan({40, 56}, 100).size() == 2);
  // A limit-sized NAL unit is no fragment, one byte more is.
  CHECK(plan({100}, 100)[0].packing == H264Packing::single);
  CHECK(plan({101}, 100)[0].packing == H264Packing::fu_a);
}

TEST_CASE("an access unit without NAL units has no payloads", "[wire][h264]") {
  CHECK(plan({}, 1100).empty());
}

TEST_CASE("any access unit is joined again to the same Annex B bytes", "[wire][h264]") {
  Rng rng(wire_test::kGarbageSeed);
  CAPTURE(wire_test::kGarbageSeed);
  for (int round = 0; round < 1000; ++round) {
    const std::size_t max_payload = 16 + rng.below(1200);
    const auto nals = random_nals(rng, rng.below(2) == 0 ? 60 : 4000);
    Bytes expected;
    for (const Bytes& nal : nals) {
      expected.insert(expected.end(), {0, 0, 0, 1});
      expected.insert(expected.end(), nal.begin(), nal.end());
    }
    H264Depacketiser d;
    Bytes out;
    const auto payloads = plan(sizes_of(nals), max_payload);
    for (const H264Payload& p : payloads) {
      REQUIRE(p.size <= max_payload);
      REQUIRE(p.last == (&p == &payloads.back()));
      const std::size_t before = out.size();
      const auto appended = d.append(payload_of(p, nals), out);
      REQUIRE(appended);
      REQUIRE(*appended == out.size() - before);
    }
    REQUIRE(d.complete());
    REQUIRE(out == expected);
  }
}

TEST_CASE("Annex B is scanned into the NAL units that it was made of", "[wire][h264]") {
  // Leading zero, 4-byte and 3-byte start codes, trailing zeros.
  const Bytes stream = hex("00 00000001 6742 000001 68CE00 0000000001 65AA0000 000001 4101 0000");
  AnnexBScanner scanner(stream);
  std::vector<Bytes> nals;
  while (const auto nal = scanner.next()) nals.push_back(wire_test::copy(*nal));
  CHECK(nals == std::vector<Bytes>{hex("6742"), hex("68CE"), hex("65AA"), hex("4101")});
}

TEST_CASE("bytes without a start code are no NAL units", "[wire][h264]") {
  for (const char* text : {"", "00", "0000", "000001", "00000001", "65AABB", "0000000000"}) {
    const Bytes b = hex(text);
    CHECK_FALSE(AnnexBScanner(b).next());
  }
}

TEST_CASE("what the depacketiser joins is what the scanner takes apart", "[wire][h264]") {
  Rng rng(wire_test::kGarbageSeed);
  const auto nals = random_nals(rng, 3000);
  H264Depacketiser d;
  Bytes out;
  for (const H264Payload& p : plan(sizes_of(nals), 500))
    REQUIRE(d.append(payload_of(p, nals), out));
  AnnexBScanner scanner(out);
  for (const Bytes& nal : nals) REQUIRE(wire_test::copy(*scanner.next()) == nal);
  CHECK_FALSE(scanner.next());
}

TEST_CASE("malformed H.264 payloads are errors", "[wire][h264]") {
  CHECK(error_of({{}}) == H264Error::truncated);
  CHECK(error_of({hex("E5AA")}) == H264Error::forbidden_bit);
  CHECK(error_of({hex("60AA")}) == H264Error::unsupported_type);         // type 0
  CHECK(error_of({hex("79AA")}) == H264Error::unsupported_type);         // STAP-B
  CHECK(error_of({hex("7DAA")}) == H264Error::unsupported_type);         // FU-B
  CHECK(error_of({hex("7FAA")}) == H264Error::unsupported_type);         // reserved
  CHECK(error_of({hex("78")}) == H264Error::truncated);                  // empty STAP-A
  CHECK(error_of({hex("780003 6701")}) == H264Error::truncated);         // NAL unit cut short
  CHECK(error_of({hex("780000")}) == H264Error::truncated);              // NAL unit of 0 bytes
  CHECK(error_of({hex("780002 7801")}) == H264Error::unsupported_type);  // STAP-A in STAP-A
  CHECK(error_of({hex("780001 E5")}) == H264Error::forbidden_bit);
  CHECK(error_of({hex("7C")}) == H264Error::truncated);
  CHECK(error_of({hex("7C9CAA")}) == H264Error::unsupported_type);      // FU-A of a FU-A
  CHECK(error_of({hex("7CC5AA")}) == H264Error::fragment_contradicts);  // start and end
  CHECK(error_of({hex("7C05AA")}) == H264Error::fragment_without_start);
  CHECK(error_of({hex("7C45AA")}) == H264Error::fragment_without_start);
  CHECK(error_of({hex("7C85AA"), hex("7C85AA")}) == H264Error::fragment_unfinished);
  CHECK(error_of({hex("7C85AA"), hex("65AA")}) == H264Error::fragment_unfinished);
  CHECK(error_of({hex("7C85AA"), hex("7C41AA")}) == H264Error::fragment_contradicts);
}

TEST_CASE("an open fragment is seen at the end of the access unit and forgotten by a reset",
          "[wire][h264]") {
  H264Depacketiser d;
  Bytes out;
  REQUIRE(d.append(hex("7C85AA"), out));
  CHECK_FALSE(d.complete());
  d.reset();
  CHECK(d.complete());
  CHECK(d.append(hex("65AA"), out));
}

TEST_CASE("an access unit cannot grow over its bound", "[wire][h264]") {
  const std::vector<Bytes> endless(100, Bytes(1000, 0x65));
  CHECK(error_of(endless, 50'000) == H264Error::too_large);
  H264Depacketiser d(50'000);
  Bytes out;
  for (const Bytes& p : endless) {
    if (!d.append(p, out)) break;
  }
  CHECK(out.size() <= 50'000);
}

TEST_CASE("a fragmented payload cut at any length is joined or refused, never read past",
          "[wire][h264]") {
  for (const char* text : {"7C85AABBCC", "780004670102030002680400024105", "65AABB"}) {
    wire_test::for_each_prefix(hex(text), [](ByteSpan b) {
      H264Depacketiser d;
      Bytes out;
      const auto r = d.append(b, out);
      if (r) REQUIRE(*r == out.size());
    });
  }
}

TEST_CASE("whatever bytes come, joining stays within the bound", "[wire][h264]") {
  CAPTURE(wire_test::kGarbageSeed);
  constexpr std::size_t kBound = 20'000;
  std::size_t accepted = 0;
  for (const Bytes& lead : {Bytes{}, Bytes{0x78, 0, 9}, Bytes{0x7C, 0x85}, Bytes{0x7C, 0x05}}) {
    H264Depacketiser d(kBound);
    Bytes out;
    wire_test::for_each_garbage(lead, [&](ByteSpan b) {
      if (d.append(b, out)) {
        ++accepted;
      } else {
        d.reset();
        out.clear();
      }
      REQUIRE(out.size() <= kBound + 4096);
    });
  }
  CHECK(accepted > 0);
  wire_test::for_each_garbage({}, [](ByteSpan b) {
    AnnexBScanner scanner(b);
    std::size_t total = 0;
    while (const auto nal = scanner.next()) total += nal->size() + 3;
    REQUIRE(total <= b.size());
  });
}
