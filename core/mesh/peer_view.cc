// What this bridge asks of every peer's pictures follows who speaks and who shows a document.
#include "core/mesh/peer_table.h"

namespace diemcau::mesh {

void PeerTable::subscribe(Timestamp now, const Subscribe& command) {
  Peer* peer = find(command.origin);
  if (peer == nullptr || !has_pictures(command.source)) return;
  tiles_.told(peer->id, command.source, command.layer);
  view(now, *peer);
}

void PeerTable::view(Timestamp now, Peer& peer) {
  const auto wanted = tiles_.wanted(peer.id);
  if (peer.inbound.wanted() == wanted) return;
  peer.inbound.want(wanted);
  touched(now, peer);
}

// The large tile is the document's, so everybody may be asked for something else than before.
void PeerTable::set_document(Timestamp now, PeerId bridge, bool shown) {
  if (Peer* peer = find(bridge)) {
    peer->documents = shown;
    const auto kind = shown ? EventKind::stream_started : EventKind::stream_stopped;
    out_.push(Event{kind, bridge, static_cast<std::uint64_t>(Source::document)});
  }
  tiles_.document(bridge, shown);
  documents_.set(now, bridge, shown);
  for_each([&](Peer& peer) {
    const PictureLayers wanted = tiles_.wanted(peer.id);
    if (peer.inbound.wanted() == wanted) return;
    peer.inbound.want(wanted);
    deadlines_[peer.id.value] = now;  // it is told when it is looked after next: at once
    earliest_known_ = false;
  });
}

void PeerTable::spoke(Timestamp now, std::uint8_t level_dbov) {
  speaker_.heard(now, config_.self, level_dbov);
}

void PeerTable::watch_tiles(Timestamp now) {
  const bool spoken = speaker_.changed();
  if (spoken) {
    const PeerId speaker = *speaker_.poll();
    out_.push(Event{EventKind::speaker_changed, speaker, speaker_.changes()});
    tiles_.speaks(now, speaker);
  }
  const bool crowded = downlink_.take_change();
  if (crowded) tiles_.limit(downlink_.limit());
  if (downlink_.take_longer_way()) {
    for_each([](Peer& peer) { peer.inbound.way_is_longer(); });
  }
  if (!tiles_.time_passed(now) && !spoken && !crowded) return;
  for_each([&](Peer& peer) { view(now, peer); });
}

}  // namespace diemcau::mesh
