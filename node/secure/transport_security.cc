// Classifies, then hands each datagram to the link of its peer.
#include "node/secure/transport_security.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/wire/demux.h"

namespace diemcau::node::secure {

namespace {
// Core repeats a hello after 50 ms, doubling: 8 at once and 10 per second are far more than it
// needs.
constexpr std::int64_t kHellosAtOnce = 8;
constexpr Duration kHelloEvery = 100ms;
}  // namespace

TransportSecurity::TransportSecurity(Identity identity, std::vector<RosterBridge> sorted)
    : identity_(std::move(identity)),
      sorted_(std::move(sorted)),
      context_(identity_),
      links_(sorted_.size()),
      hellos_(sorted_.size(), TokenBucket{kHellosAtOnce, kHelloEvery}) {}

std::unique_ptr<mesh::Handshake> TransportSecurity::make(PeerId peer, mesh::HandshakeRole role) {
  DC_CHECK(peer.value < links_.size());
  SecureLink& link = links_[peer.value];
  return std::make_unique<DtlsHandshake>(
      context_, role, sorted_[peer.value].public_key,
      [&link](std::shared_ptr<DtlsAssociation> done) { link.install(std::move(done)); });
}

void TransportSecurity::forget(PeerId peer) {
  DC_CHECK(peer.value < links_.size());
  links_[peer.value].forget();
}

bool TransportSecurity::seal(PeerId peer, mesh::PacketKind kind, Packet& packet) {
  DC_CHECK(peer.value < links_.size());
  SecureLink& link = links_[peer.value];
  switch (kind) {
    case mesh::PacketKind::stun:
    case mesh::PacketKind::dtls: return true;
    case mesh::PacketKind::rtp: return link.seal_rtp(packet);
    case mesh::PacketKind::rtcp: return link.seal_rtcp(packet);
    case mesh::PacketKind::control: return link.seal_control(packet);
  }
  return false;
}

Result<mesh::PacketKind, DropReason> TransportSecurity::open(Timestamp now, PeerId peer,
                                                             Packet& packet) {
  DC_CHECK(peer.value < links_.size());
  if (packet.present() == 0) return Unexpected{DropReason::malformed};
  switch (wire::demux(packet.bytes())) {
    case wire::DatagramKind::stun: return mesh::PacketKind::stun;
    case wire::DatagramKind::dtls: return open_dtls(now, peer, packet);
    case wire::DatagramKind::turn_channel:
    case wire::DatagramKind::invalid: return Unexpected{DropReason::unknown};
    case wire::DatagramKind::rtp_or_rtcp: break;
  }
  const bool rtcp = wire::is_rtcp(packet.bytes());
  SecureLink& link = links_[peer.value];
  const auto refused = rtcp ? link.open_rtcp(now, packet) : link.open_rtp(now, packet);
  if (refused) return Unexpected{*refused};
  return rtcp ? mesh::PacketKind::rtcp : mesh::PacketKind::rtp;
}

Result<mesh::PacketKind, DropReason> TransportSecurity::open_dtls(Timestamp now, PeerId peer,
                                                                  Packet& packet) {
  const auto content = wire::dtls_content(packet.bytes());
  if (!content) return Unexpected{DropReason::malformed};
  switch (*content) {
    case wire::DtlsContent::handshake:
      if (is_client_hello(packet.bytes()) && !hellos_[peer.value].take(now))
        return Unexpected{DropReason::queue};
      return mesh::PacketKind::dtls;
    case wire::DtlsContent::change_cipher_spec: return mesh::PacketKind::dtls;
    // Nobody of ours sends one, and one that counts would let a forger end a link.
    case wire::DtlsContent::alert: return Unexpected{DropReason::unknown};
    case wire::DtlsContent::application_data: break;
  }
  if (const auto refused = links_[peer.value].open_control(packet)) return Unexpected{*refused};
  return mesh::PacketKind::control;
}

}  // namespace diemcau::node::secure
