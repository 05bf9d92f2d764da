// What this bridge asks of every peer's camera follows who speaks.
#include "core/mesh/peer_table.h"

namespace diemcau::mesh {

void PeerTable::subscribe(Timestamp now, const Subscribe& command) {
  Peer* peer = find(command.origin);
  if (peer == nullptr || command.source != Source::camera) return;
  tiles_.told(peer->id, command.layer);
  view(now, *peer);
}

void PeerTable::view(Timestamp now, Peer& peer) {
  const auto wanted = tiles_.wanted(peer.id);
  if (peer.inbound.wanted() == wanted) return;
  peer.inbound.want(wanted);
  touched(now, peer);
}

void PeerTable::spoke(Timestamp now, std::uint8_t level_dbov) {
  speaker_.heard(now, config_.self, level_dbov);
}

void PeerTable::watch_tiles(Timestamp now) {
  const auto speaker = speaker_.poll();
  if (speaker) {
    out_.push(Event{EventKind::speaker_changed, *speaker, speaker_.changes()});
    tiles_.speaks(now, *speaker);
  }
  const bool crowded = downlink_.take_change();
  if (crowded) tiles_.limit(downlink_.limit());
  if (!tiles_.time_passed(now) && !speaker && !crowded) return;
  for_each([&](Peer& peer) { view(now, peer); });
}

}  // namespace diemcau::mesh
