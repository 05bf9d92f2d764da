// Writing of H.264 syntax elements (ITU-T H.264 §7.3, §9.1).
#pragma once

#include <cstdint>
#include <vector>

namespace diemcau::codecs {

class BitWriter {
 public:
  void bits(std::uint32_t value, std::uint32_t count) {
    while (count-- > 0) {
      if (used_ == 0) bytes_.push_back(0);
      const auto bit = static_cast<std::uint8_t>((value >> count & 1U) << (7 - used_));
      bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | bit);
      used_ = (used_ + 1) % 8;
    }
  }
  // ue(v).
  void ue(std::uint32_t value) {
    std::uint32_t length = 1;
    while ((value + 1) >> length != 0) ++length;
    bits(0, length - 1);
    bits(value + 1, length);
  }
  // The NAL unit: stop bit and emulation prevention (§7.4.1) added.
  std::vector<std::uint8_t> nal() const {
    BitWriter closed = *this;
    closed.bits(1, 1);
    std::vector<std::uint8_t> out;
    int zeros = 0;
    for (const std::uint8_t byte : closed.bytes_) {
      if (zeros >= 2 && byte <= 3) {
        out.push_back(3);
        zeros = 0;
      }
      out.push_back(byte);
      zeros = byte == 0 ? zeros + 1 : 0;
    }
    return out;
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::uint32_t used_ = 0;  // bits of the last byte
};

}  // namespace diemcau::codecs
