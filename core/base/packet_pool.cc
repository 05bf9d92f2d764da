// Slabs of packet buffers on one free list.
#include "core/base/packet_pool.h"

namespace diemcau {

namespace {
constexpr std::size_t kPacketsPerSlab = 64;
}

PacketRef PacketPool::take() {
  if (free_ == nullptr) grow();
  Packet* packet = free_;
  free_ = packet->next_free_;
  ++in_use_;
  packet->set_size(0);
  return PacketRef{packet};
}

void PacketPool::grow() {
  auto& packets = slabs_.emplace_back(std::make_unique<Packet[]>(kPacketsPerSlab));
  auto& bytes =
      storage_.emplace_back(std::make_unique<std::uint8_t[]>(kPacketsPerSlab * capacity_));
  total_ += kPacketsPerSlab;
  for (std::size_t i = 0; i < kPacketsPerSlab; ++i) {
    Packet& packet = packets[i];
    packet.pool_ = this;
    packet.data_ = bytes.get() + i * capacity_;
    packet.capacity_ = static_cast<std::uint16_t>(capacity_);
    packet.next_free_ = free_;
    free_ = &packet;
  }
}

}  // namespace diemcau
