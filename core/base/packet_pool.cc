// Slabs of packet buffers on one free list.
#include "core/base/packet_pool.h"

#include <new>
#include <type_traits>

namespace diemcau {

namespace {
constexpr std::size_t kPacketsPerSlab = 64;
static_assert(std::is_trivially_destructible_v<Packet>);
}  // namespace

void PacketPool::grow() {
  const std::size_t lines = (sizeof(Packet) + capacity_ + sizeof(Line) - 1) / sizeof(Line);
  Line* at = slabs_.emplace_back(std::make_unique<Line[]>(kPacketsPerSlab * lines)).get();
  total_ += kPacketsPerSlab;
  for (std::size_t i = 0; i < kPacketsPerSlab; ++i, at += lines) {
    Packet* packet = new (at->bytes.data()) Packet;
    packet->capacity_ = static_cast<std::uint16_t>(capacity_);
    packet->next_free_ = free_;
    free_ = packet;
  }
}

}  // namespace diemcau
