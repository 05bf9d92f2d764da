// Whose an address is, by what comes from it: checks (RFC 8445 §7), and answers to ours.
#include "core/mesh/peer_table.h"
#include "core/mesh/roster_view.h"
#include "core/wire/stun.h"

namespace diemcau::mesh {

// Whoever a check says that it comes from; null when that is nobody we know.
Peer* PeerTable::named_by(const wire::StunMessage& check) {
  const auto colon = check.username.find(':');
  if (colon == std::string_view::npos) return nullptr;
  const auto id = find_bridge(config_.roster, check.username.substr(colon + 1));
  return id ? find(*id) : nullptr;
}

// After a power cut one bridge has the address that another had, or the roster gives it to the
// wrong one: then its checks come on the other's path. A check may be a recording that somebody
// sends from there; an answer, which names nobody, is not, and has the last word.
bool PeerTable::address_taken(Timestamp now, Peer& from, PacketArrived& in) {
  const Path* path = from.link.silent_at(now, in.path);
  const ByteSpan bytes = in.packet->bytes();
  const auto parsed = wire::parse_stun(bytes);
  if (path == nullptr || !parsed) return false;
  Peer* of = nullptr;
  if (parsed->message_class == wire::StunClass::success) {
    for_each([&](Peer& peer) {
      if (of == nullptr && &peer != &from &&
          peer.link.answered_from(now, in.received_at, path->uplink, path->remote, bytes))
        of = &peer;
    });
  } else {
    of = named_by(*parsed);
    if (of == &from ||
        (of != nullptr &&
         !of->link.stranger_arrived(now, in.received_at, path->uplink, path->remote, bytes)))
      of = nullptr;
  }
  if (of != nullptr) touched(now, *of);
  return of != nullptr;
}

void PeerTable::stranger_arrived(Timestamp now, StrangerArrived& in) {
  const auto parsed = wire::parse_stun(in.packet->bytes());
  if (!parsed) return drop(quality::DropReason::malformed);
  Peer* peer = named_by(*parsed);
  if (peer == nullptr) return drop(quality::DropReason::unknown);
  if (!peer->link.stranger_arrived(now, in.received_at, in.uplink, in.from, in.packet->bytes())) {
    return drop(quality::DropReason::auth);
  }
  touched(now, *peer);
}

}  // namespace diemcau::mesh
