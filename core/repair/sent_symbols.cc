// Copies, and sums of copies.
#include "core/repair/sent_symbols.h"

#include <algorithm>
#include <array>

#include "core/base/byte_writer.h"
#include "core/base/check.h"
#include "core/repair/coefficients.h"
#include "core/repair/symbol.h"

namespace diemcau::repair {

void SentSymbols::forget_oldest() {
  left_at_.drop_moved();
  if (long_ > 0 && sent_.front().packet) {
    sent_.front().packet = {};
    --long_;
  }
  sent_.drop_moved();
}

void SentSymbols::add(Timestamp now, const Packet& rtp) {
  while (!sent_.empty() && (sent_.size() >= kMost || now - left_at_.front() > remembered_))
    forget_oldest();
  left_at_.push(now);
  Sent& sent = sent_.push();
  sent.repeats = 0;
  sent.present = static_cast<std::uint16_t>(rtp.present());
  sent.elided = static_cast<std::uint16_t>(rtp.elided());
  if (rtp.present() > Sent::kShort) {
    sent.packet = pools_.packets.take();
    std::copy_n(rtp.data(), rtp.present(), sent.packet->data());
    sent.packet->set_size(rtp.present(), rtp.elided());
    ++long_;
  } else if (rtp.capacity() >= Sent::kShort) {
    std::copy_n(rtp.data(), Sent::kShort, sent.head.data());  // all of it is quicker
  } else {
    std::copy_n(rtp.data(), rtp.present(), sent.head.data());
  }
  ++next_;
  fetch_next();
}

SentSymbols::Sent* SentSymbols::find(PacketId id) {
  if (id < oldest() || id >= next_) return nullptr;
  return &sent_.at(place_of(id));
}

PacketId SentSymbols::window_since(Timestamp sent_at) const {
  PacketId first = next_;
  while (first > oldest() && next_ - first < static_cast<PacketId>(kMostSymbols) &&
         this->sent_at(first - 1) >= sent_at) {
    --first;
  }
  return first;
}

std::size_t SentSymbols::coded_bytes(PacketId first, std::size_t count) const {
  std::size_t most = 0;
  for (std::size_t i = 0; i < count; ++i) {
    most = std::max(most, at(first + static_cast<PacketId>(i)).wire_size());
  }
  return wire::kRepairHeaderBytes + wire::kSymbolLengthBytes + most;
}

PacketRef SentSymbols::code(PacketId first, std::size_t count, std::uint16_t key) const {
  DC_CHECK(count >= 1 && count <= kMostSymbols && first >= oldest());
  DC_CHECK(first + static_cast<PacketId>(count) <= next_);
  std::size_t present = 0, whole = 0;
  bool elided = false;
  for (std::size_t i = 0; i < count; ++i) {
    const Sent& p = at(first + static_cast<PacketId>(i));
    present = std::max<std::size_t>(present, p.present);
    whole = std::max(whole, p.wire_size());
    elided = elided || p.elided > 0;
  }
  const std::size_t head_bytes = symbol_head_bytes(elided);
  const std::size_t extra = head_bytes - wire::kSymbolLengthBytes;
  if (whole < present + extra || (elided && whole == present + extra)) return {};
  wire::RepairHeader header;
  header.first = static_cast<std::uint16_t>(first);
  header.count = static_cast<std::uint8_t>(count);
  header.key = key;
  PacketRef out = pools_.packets.take();
  ByteWriter writer(out->buffer());
  wire::write(writer, header);
  const std::size_t begin = writer.size();
  writer.zeros(head_bytes + present);
  DC_CHECK(writer.ok());
  out->set_size(writer.size(), whole - present - extra);
  std::array<std::uint8_t, kMostSymbols> factors;
  coefficients(header, {factors.data(), count});
  std::uint8_t* const symbol = out->data() + begin;
  for (std::size_t i = 0; i < count; ++i) {
    if (factors[i] == 0) continue;
    const Sent& p = at(first + static_cast<PacketId>(i));
    const SymbolHead head = symbol_head(p.wire_size(), p.present, elided);
    pools_.kernel.multiply_add(factors[i], head.bytes.data(), symbol, head.size);
    pools_.kernel.multiply_add(factors[i], p.bytes().data(), symbol + head.size, p.present);
  }
  return out;
}

PacketRef SentSymbols::refusal(PacketId first, std::size_t count) const {
  wire::RepairHeader header;
  header.first = static_cast<std::uint16_t>(first);
  header.count = static_cast<std::uint8_t>(count);
  header.key = count > 1 ? 1 : 0;
  PacketRef out = pools_.packets.take();
  ByteWriter writer(out->buffer());
  wire::write(writer, header);
  out->set_size(writer.size());
  return out;
}

void SentSymbols::clear() {
  left_at_.clear();
  sent_.clear();
  long_ = 0;
  next_ = 0;
}

}  // namespace diemcau::repair
