// Known symbols leave the equations, equations leave each other, what is left alone is found.
#include "core/repair/decoder.h"

#include <algorithm>
#include <utility>

#include "core/base/byte_reader.h"
#include "core/base/check.h"
#include "core/repair/coefficients.h"
#include "core/wire/rtp.h"

namespace diemcau::repair {

void Decoder::forget() {
  known_.clear();
  known_.shrink_to_fit();
  rows_.clear();
  recovered_.clear();
  newest_ = -1;
}

std::size_t Decoder::rows_from(PacketId first) const {
  return static_cast<std::size_t>(std::count_if(
      rows_.begin(), rows_.end(), [first](const Row& row) { return row.pivot >= first; }));
}

bool Decoder::is_known(PacketId id) const {
  return !known_.empty() && id >= 0 && known_[index(id)].id == id;
}

// Rows about symbols that have become too old are of no use.
void Decoder::move_newest(PacketId id) {
  if (id <= newest_) return;
  newest_ = id;
  std::erase_if(rows_, [id](const Row& row) { return row.first <= id - kMemory; });
}

void Decoder::known(PacketId id, const PacketRef& packet) {
  if (id < 0 || id <= newest_ - kMemory || is_known(id)) return;
  if (known_.empty()) known_.resize(static_cast<std::size_t>(kMemory));
  move_newest(id);
  known_[index(id)] = {id, packet};
  const PacketRef& oldest = known_[index(id + 1)].packet;
  if (oldest) oldest.fetch();  // the next one lets it go
  std::optional<Row> pivotless;
  for (std::size_t i = 0; i < rows_.size();) {
    Row& row = rows_[i];
    const bool has = id >= row.first && id <= row.last && row.factor(id) != 0;
    bool stays = !has || subtract_known(row, id, *packet);
    if (stays && has && row.pivot == id) {
      pivotless = std::move(row);  // no other row has a pivot's symbol: there is one at most
      stays = false;
    }
    if (stays) {
      ++i;
    } else {
      if (i + 1 != rows_.size()) rows_[i] = std::move(rows_.back());
      rows_.pop_back();
    }
  }
  if (pivotless) static_cast<void>(take_in(std::move(*pivotless)));
  deliver_solved();
}

// False when the symbol cannot be in this row: it is longer than the row.
bool Decoder::subtract_known(Row& row, PacketId id, const Packet& packet) {
  const SymbolHead head = symbol_head(packet, row.elided);
  Packet& symbol = *row.symbol;
  if (head.size + packet.present() > symbol.present()) {
    ++contradictions_;
    return false;
  }
  const std::uint8_t factor = std::exchange(row.factor(id), std::uint8_t{0});
  kernel_.multiply_add(factor, head.bytes.data(), symbol.data(), head.size);
  kernel_.multiply_add(factor, packet.data(), symbol.data() + head.size, packet.present());
  return true;
}

Decoder::Added Decoder::repair(PacketId first, const wire::RepairHeader& header,
                               const Packet& packet, std::size_t coded_offset) {
  const std::size_t count = header.count;
  const PacketId last = first + header.count - 1;
  const bool elided = packet.elided() > 0;
  const std::size_t coded = packet.present() - std::min(packet.present(), coded_offset);
  const bool absurd = first < 0 || count > kMostSymbols || first <= newest_ - kMemory ||
                      (newest_ >= 0 && last >= newest_ + kMemory);
  if (absurd || coded <= symbol_head_bytes(elided)) return Added::refused;
  if (known_.empty()) known_.resize(static_cast<std::size_t>(kMemory));
  move_newest(last);
  std::array<std::uint8_t, kMostSymbols> factors;
  coefficients(header, {factors.data(), count});
  Row row;
  row.first = first;
  row.last = last;
  row.elided = elided;
  row.symbol = packets_.take();
  if (coded > row.symbol->capacity()) return Added::refused;
  std::copy_n(packet.data() + coded_offset, coded, row.symbol->data());
  row.symbol->set_size(coded);
  for (std::size_t i = 0; i < count; ++i) {
    row.factor(first + static_cast<PacketId>(i)) = factors[i];
  }
  for (PacketId id = first; id <= last; ++id) {
    if (row.factor(id) == 0 || !is_known(id)) continue;
    if (!subtract_known(row, id, *known_[index(id)].packet)) return Added::refused;
  }
  for (Row& other : rows_) {
    const bool in = other.pivot >= row.first && other.pivot <= row.last;
    const std::uint8_t factor = in ? row.factor(other.pivot) : std::uint8_t{0};
    if (factor != 0 && !add_row(row, factor, other)) return Added::refused;
  }
  if (rows_.size() == kMostRows) rows_.erase(rows_.begin());
  const bool useful = take_in(std::move(row));
  deliver_solved();
  return useful ? Added::useful : Added::useless;
}

// target += factor × row. False when they are of different worlds.
bool Decoder::add_row(Row& target, std::uint8_t factor, Row& row) {
  if (target.elided != row.elided) return false;
  Packet& sum = *target.symbol;
  const Packet& added = *row.symbol;
  if (added.present() > sum.present()) {
    std::fill(sum.data() + sum.present(), sum.data() + added.present(), std::uint8_t{0});
    sum.set_size(added.present());
  }
  kernel_.multiply_add(factor, added.data(), sum.data(), added.present());
  for (PacketId id = row.first; id <= row.last; ++id) {
    const std::uint8_t product = gf_multiply(factor, row.factor(id));
    target.factor(id) = static_cast<std::uint8_t>(target.factor(id) ^ product);
  }
  target.first = std::min(target.first, row.first);
  target.last = std::max(target.last, row.last);
  // Factors are by id modulo kMemory: a row must not reach around.
  return target.last - target.first < kMemory;
}

void Decoder::scale(Row& row, std::uint8_t factor) {
  for (PacketId id = row.first; id <= row.last; ++id) {
    row.factor(id) = gf_multiply(factor, row.factor(id));
  }
  std::uint8_t* const bytes = row.symbol->data();
  for (std::size_t i = 0; i < row.symbol->present(); ++i) bytes[i] = gf_multiply(factor, bytes[i]);
}

// A row whose symbols are neither known nor the pivot of another one. False when nothing is left of
// it.
bool Decoder::take_in(Row row) {
  while (row.first <= row.last && row.factor(row.first) == 0) ++row.first;
  while (row.last >= row.first && row.factor(row.last) == 0) --row.last;
  if (row.first > row.last) return false;
  row.pivot = row.first;
  const std::uint8_t factor = row.factor(row.pivot);
  if (factor != 1) scale(row, gf_inverse(factor));
  std::erase_if(rows_, [&](Row& other) {
    const bool in = row.pivot >= other.first && row.pivot <= other.last;
    const std::uint8_t has = in ? other.factor(row.pivot) : std::uint8_t{0};
    return has != 0 && !add_row(other, has, row);
  });
  rows_.push_back(std::move(row));
  return true;
}

bool Decoder::only_pivot(Row& row) {
  for (PacketId id = row.first; id <= row.last; ++id) {
    if (id != row.pivot && row.factor(id) != 0) return false;
  }
  return true;
}

void Decoder::deliver_solved() {
  for (std::size_t i = 0; i < rows_.size();) {
    if (!only_pivot(rows_[i])) {
      ++i;
      continue;
    }
    Row row = std::move(rows_[i]);
    if (i + 1 != rows_.size()) rows_[i] = std::move(rows_.back());
    rows_.pop_back();
    PacketRef packet = packet_of(row);
    if (!packet) {
      ++contradictions_;
      continue;
    }
    known_[index(row.pivot)] = {row.pivot, packet};
    recovered_.push({row.pivot, std::move(packet)});
  }
}

// None when the row says something that no symbol can be.
PacketRef Decoder::packet_of(Row& row) {
  const Packet& symbol = *row.symbol;
  const std::size_t head = symbol_head_bytes(row.elided);
  ByteReader in(symbol.bytes());
  const std::size_t length = in.u16();
  const std::size_t present = row.elided ? in.u16() : length;
  if (!in.ok() || present > in.remaining() || present > length) return {};
  const ByteSpan bytes = in.bytes(present);
  for (const std::uint8_t byte : in.bytes(in.remaining())) {
    if (byte != 0) return {};
  }
  const auto rtp = wire::parse_rtp(bytes);
  if (!rtp || rtp->extensions.symbol_id != static_cast<std::uint16_t>(row.pivot)) return {};
  PacketRef packet = packets_.take();
  std::copy_n(symbol.data() + head, present, packet->data());
  packet->set_size(present, length - present);
  return packet;
}

}  // namespace diemcau::repair
