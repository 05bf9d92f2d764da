// Gets lost packets back from repair packets: Gaussian elimination over GF(2^8), a row at a time
// (RFC 8681 §3).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/packet_pool.h"
#include "core/base/ring_queue.h"
#include "core/repair/gf256.h"
#include "core/repair/symbol.h"
#include "core/units/seq_no.h"
#include "core/wire/repair.h"

namespace diemcau::repair {

// Rows are kept fully reduced: each has a pivot, a symbol that no other row has; a row without any
// other symbol is that symbol. Nothing is delivered that contradicts what it must be: its length,
// the zeros behind it, and the symbol id that its own header carries. Bounded: kMemory symbols,
// kMostRows rows. One thread at a time.
class Decoder {
 public:
  static constexpr PacketId kMemory = 256;  // symbols behind the newest that can be used
  static constexpr std::size_t kMostRows = 64;

  Decoder(PacketPool& packets, const Kernel& kernel) : packets_(packets), kernel_(kernel) {}

  // A symbol that arrived; plain RTP.
  void known(PacketId id, const PacketRef& packet);
  bool is_known(PacketId id) const;
  enum class Added : std::uint8_t { useful, useless, refused };
  // A repair packet's coded symbol, whose window begins at `first`. Refused: not about the last
  // kMemory symbols, too large a window, or one that contradicts itself.
  Added repair(PacketId first, const wire::RepairHeader& header, const Packet& packet,
               std::size_t coded_offset);
  struct Recovered {
    PacketId id = 0;
    PacketRef packet;
  };
  // Poll until none after known() and repair().
  std::optional<Recovered> poll() {
    if (recovered_.empty()) return std::nullopt;
    return recovered_.pop();
  }
  // Equations at hand that do not give a symbol yet; those about nothing before `first`.
  std::size_t rows() const { return rows_.size(); }
  std::size_t rows_from(PacketId first) const;
  std::uint64_t contradictions() const { return contradictions_; }
  // Nothing has been lost for long: what is kept for repair is let go.
  void forget();

 private:
  struct Known {
    PacketId id = -1;
    PacketRef packet;
  };
  struct Row {
    std::array<std::uint8_t, kMemory> factors{};  // by id modulo the size
    PacketId first = 0, last = 0;                 // where factors may be other than 0
    PacketId pivot = 0;
    PacketRef symbol;  // its head and bytes from 0 on
    bool elided = false;
    std::uint8_t& factor(PacketId id) { return factors[index(id)]; }
  };
  static std::size_t index(PacketId id) {
    return static_cast<std::size_t>(id) & static_cast<std::size_t>(kMemory - 1);
  }
  void move_newest(PacketId id);
  bool subtract_known(Row& row, PacketId id, const Packet& packet);
  bool add_row(Row& target, std::uint8_t factor, Row& row);
  void scale(Row& row, std::uint8_t factor);
  bool take_in(Row row);
  void deliver_solved();
  PacketRef packet_of(Row& row);
  bool only_pivot(Row& row);

  PacketPool& packets_;
  const Kernel& kernel_;
  std::vector<Known> known_;  // kMemory of them, once anything is kept
  PacketId newest_ = -1;
  std::vector<Row> rows_;
  RingQueue<Recovered> recovered_;
  std::uint64_t contradictions_ = 0;
};

}  // namespace diemcau::repair
