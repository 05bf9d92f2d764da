// Pooled packet buffers with shared ownership: one buffer from the socket to the jitter buffer, no
// allocation after warm-up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/base/byte_reader.h"
#include "core/base/check.h"
#include "core/base/fetch.h"

namespace diemcau {

class PacketPool;

// A datagram, or the payload of one: `present` bytes that exist and `elided` bytes of which only
// the length is kept. The simulator elides media payload; on the wire a packet is wire_size() long
// in both worlds. One thread at a time.
class Packet {
 public:
  std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  const std::uint8_t* data() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  std::size_t present() const { return present_; }
  std::size_t elided() const { return elided_; }
  std::size_t wire_size() const { return std::size_t{present_} + elided_; }
  std::size_t capacity() const { return capacity_; }
  ByteSpan bytes() const { return {data(), present_}; }
  // All bytes that may be written, to be followed by set_size().
  std::span<std::uint8_t> buffer() { return {data(), capacity_}; }
  void set_size(std::size_t present, std::size_t elided = 0) {
    DC_CHECK(present <= capacity_ && elided <= 0xFFFF);
    present_ = static_cast<std::uint16_t>(present);
    elided_ = static_cast<std::uint16_t>(elided);
  }

 private:
  friend class PacketPool;
  friend class PacketRef;
  // Its pool while somebody holds it, the next free one while nobody does.
  union {
    PacketPool* pool_ = nullptr;
    Packet* next_free_;
  };
  std::uint32_t refs_ = 0;
  std::uint16_t present_ = 0;
  std::uint16_t elided_ = 0;
  std::uint16_t capacity_ = 0;
};

// Counted reference; the last one returns the buffer to its pool. The count is not atomic: packets
// stay on core's thread.
class PacketRef {
 public:
  PacketRef() = default;
  PacketRef(const PacketRef& o) : packet_(o.packet_) {
    if (packet_) ++packet_->refs_;
  }
  PacketRef(PacketRef&& o) noexcept : packet_(std::exchange(o.packet_, nullptr)) {}
  PacketRef& operator=(PacketRef o) noexcept {
    std::swap(packet_, o.packet_);
    return *this;
  }
  ~PacketRef() { release(); }
  explicit operator bool() const { return packet_ != nullptr; }
  // It will be read soon: the packet, and the header behind it.
  void fetch() const { diemcau::fetch(packet_, kFetched); }
  // Whether nobody else holds the packet.
  bool sole() const { return packet_->refs_ == 1; }
  Packet* operator->() const { return packet_; }
  Packet& operator*() const { return *packet_; }

 private:
  friend class PacketPool;
  static constexpr std::size_t kFetched = 128;
  explicit PacketRef(Packet* p) : packet_(p) { ++packet_->refs_; }
  void release();
  Packet* packet_ = nullptr;
};

// Grows by slabs while the working set grows and never shrinks; must outlive every PacketRef it
// gave.
class PacketPool {
 public:
  // 1,536 holds any datagram of ours (≤ 1,232 bytes) with room for SRTP to work in place.
  explicit PacketPool(std::size_t capacity_bytes = 1536) : capacity_(capacity_bytes) {
    DC_CHECK(capacity_bytes <= 0xFFFF);
  }
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;
  ~PacketPool() { DC_CHECK(in_use_ == 0); }

  PacketRef take();
  std::size_t total() const { return total_; }
  std::size_t in_use() const { return in_use_; }
  std::size_t capacity_bytes() const { return capacity_; }

 private:
  friend class PacketRef;
  // What the cache fetches at once. A packet's bytes lie right behind it: headers come along.
  struct alignas(64) Line {
    std::array<std::uint8_t, 64> bytes;
  };
  void grow();
  std::size_t capacity_;
  std::size_t total_ = 0;
  std::size_t in_use_ = 0;
  Packet* free_ = nullptr;  // a list through next_free_: giving back is two stores
  std::vector<std::unique_ptr<Line[]>> slabs_;
};

inline PacketRef PacketPool::take() {
  if (free_ == nullptr) grow();
  Packet* packet = free_;
  free_ = packet->next_free_;
  packet->pool_ = this;
  ++in_use_;
  packet->present_ = packet->elided_ = 0;
  return PacketRef{packet};
}

inline void PacketRef::release() {
  if (packet_ != nullptr && --packet_->refs_ == 0) {
    PacketPool& pool = *packet_->pool_;
    packet_->next_free_ = pool.free_;
    pool.free_ = packet_;
    --pool.in_use_;
  }
  packet_ = nullptr;
}

}  // namespace diemcau
