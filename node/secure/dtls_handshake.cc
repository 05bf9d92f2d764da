// What core's handshake asks of an association: damaged, repeated and foreign datagrams never end
// it.
#include "node/secure/dtls_handshake.h"

#include <algorithm>

#include "core/base/byte_reader.h"
#include "core/base/check.h"
#include "core/wire/demux.h"

namespace diemcau::node::secure {

namespace {

// A damaged message cannot be told from a forged one; each costs an attempt. Core gives up after
// 10 s anyway.
constexpr unsigned kMostBroken = 8;
constexpr std::size_t kMostSuperseded = 8;
constexpr std::uint8_t kChangeCipherSpec = 20, kHandshake = 22;
constexpr std::uint8_t kClientHello = 1;

// The random of a ClientHello that stands first (RFC 6347 §4.2.2, RFC 5246 §7.4.1.2).
std::optional<std::array<std::uint8_t, 32>> client_random_of(ByteSpan records) {
  ByteReader reader{records};
  const std::uint8_t content = reader.u8();
  reader.skip(2);  // version
  const std::uint16_t epoch = reader.u16();
  reader.skip(6 + 2);  // sequence number, length
  const std::uint8_t message = reader.u8();
  reader.skip(3);  // length of the message
  const std::uint16_t message_number = reader.u16();
  const std::uint32_t fragment_at = reader.u24();
  reader.skip(3 + 2);  // length of the fragment, client's version
  const ByteSpan random = reader.bytes(32);
  if (!reader.ok() || content != kHandshake || epoch != 0 || message != kClientHello ||
      message_number != 0 || fragment_at != 0) {
    return std::nullopt;
  }
  std::array<std::uint8_t, 32> out{};
  std::copy(random.begin(), random.end(), out.begin());
  return out;
}

}  // namespace

void handshake_records(ByteSpan datagram, std::vector<std::uint8_t>& out) {
  out.clear();
  while (datagram.size() > wire::kDtlsRecordHeaderBytes) {
    const std::size_t length = std::size_t{datagram[11]} << 8 | datagram[12];
    const std::size_t whole = wire::kDtlsRecordHeaderBytes + length;
    if (whole > datagram.size()) return;
    if (datagram[0] == kChangeCipherSpec || datagram[0] == kHandshake)
      out.insert(out.end(), datagram.begin(),
                 datagram.begin() + static_cast<std::ptrdiff_t>(whole));
    datagram = datagram.subspan(whole);
  }
}

bool is_client_hello(ByteSpan datagram) { return client_random_of(datagram).has_value(); }

DtlsHandshake::DtlsHandshake(const DtlsContext& context, mesh::HandshakeRole role, PublicKey peer,
                             Done done)
    : context_(context), role_(role), peer_(std::move(peer)), done_(std::move(done)) {
  renew();
}

void DtlsHandshake::renew() {
  association_ = std::make_shared<DtlsAssociation>(context_, role_, peer_);
  state_ = mesh::HandshakeState::running;
}

void DtlsHandshake::start() {
  if (role_ == mesh::HandshakeRole::client) association_->start();
}

void DtlsHandshake::handle(ByteSpan datagram) {
  if (state_ == mesh::HandshakeState::failed) return;
  handshake_records(datagram, records_);
  if (records_.empty()) return;
  if (role_ == mesh::HandshakeRole::server) {
    if (const auto random = client_random_of(records_)) {
      if (std::find(superseded_.begin(), superseded_.end(), *random) != superseded_.end()) return;
      if (client_random_ && *client_random_ != *random) {
        if (superseded_.size() == kMostSuperseded) superseded_.erase(superseded_.begin());
        superseded_.push_back(*client_random_);
        renew();
      }
      client_random_ = random;
    } else if (!client_random_) {
      return;  // the rest of an association that is no more
    }
  }
  // A finished one ignores repeated flights; core answers them with our last one.
  if (association_->state() != DtlsAssociation::State::running) return;
  association_->handle(records_);
  look();
}

void DtlsHandshake::look() {
  switch (association_->state()) {
    case DtlsAssociation::State::running: return;
    case DtlsAssociation::State::done:
      state_ = mesh::HandshakeState::done;
      done_(association_);
      return;
    case DtlsAssociation::State::refused: state_ = mesh::HandshakeState::failed; return;
    case DtlsAssociation::State::broken: break;
  }
  if (++broken_ > kMostBroken) {
    state_ = mesh::HandshakeState::failed;
    return;
  }
  client_random_.reset();
  renew();
  start();
}

std::vector<std::vector<std::uint8_t>> DtlsHandshake::poll_flight() {
  return association_->take_flight();
}

}  // namespace diemcau::node::secure
