// What a peer is told of its streams: losses, questions, arrivals (RFC 8888), reports (RFC 3550).
#include <array>

#include "core/mesh/peer_table.h"
#include "core/wire/rtcp.h"

namespace diemcau::mesh {

namespace {
// A fifth of RFC 3550's default: provincial links are short.
constexpr Duration kReportInterval = 1s;
constexpr std::size_t kMaxRtcp = 1'180;
constexpr std::size_t kMaxBlocks = 16;
}  // namespace

void PeerTable::send_losses(Timestamp now, Peer& peer) {
  while (const auto lost = peer.inbound.poll_loss(now, peer.link.rtt())) {
    if (lost->loss.last_good) {
      const wire::LossReport report{lost->ssrc, lost->loss.first_lost, *lost->loss.last_good};
      peer.link.send_control(now, wire::ControlPriority::subscriptions, report, 0);
    } else {
      const wire::KeyRequest request{lost->ssrc};
      peer.link.send_control(now, wire::ControlPriority::subscriptions, request, 0);
    }
  }
}

void PeerTable::request_key(Timestamp now, const StreamId& stream) {
  Peer* peer = find(stream.origin);
  const auto ssrc = peer != nullptr ? peer->inbound.ssrc_of(stream) : std::nullopt;
  if (!ssrc || !peer->link.is_up()) return;
  peer->link.send_control(now, wire::ControlPriority::subscriptions, wire::KeyRequest{*ssrc}, 0);
}

void PeerTable::send_nacks(Timestamp now, Peer& peer) {
  std::array<std::uint8_t, kMaxRtcp> buffer;
  ByteWriter writer(buffer);
  if (!peer.inbound.write_nack(writer, outbound_.rtcp_ssrc(peer.id), now, peer.link.least_rtt()))
    return;
  // An answer would wait in the queue that is the trouble, and be late: a question per lost packet
  // and a refusal to each are a third of what sound alone needs there.
  if (!downlink_.crowded()) send_rtcp(now, peer, writer.written());
}

void PeerTable::send_feedback(Timestamp now, Peer& peer) {
  std::array<std::uint8_t, kMaxRtcp> buffer;
  while (peer.inbound.feedback_due() <= now) {
    ByteWriter writer(buffer);
    if (!peer.inbound.write_feedback(writer, outbound_.rtcp_ssrc(peer.id), now)) return;
    send_rtcp(now, peer, writer.written());
  }
}

// Sender reports for what we send, with report blocks for what we receive (RFC 3550 §6.4), and our
// CNAME.
void PeerTable::send_reports(Timestamp now, Peer& peer) {
  peer.report_at = now + kReportInterval;
  std::array<wire::ReportBlock, kMaxBlocks> blocks;
  const std::size_t count = peer.inbound.report_blocks(now, blocks);
  std::span<const wire::ReportBlock> told(blocks.data(), count);
  std::array<std::pair<Ssrc, wire::SenderInfo>, Outbound::kMostStreams> infos;
  const std::size_t senders = outbound_.sender_infos(wall_.at(now), peer.id, infos);
  std::array<std::uint8_t, kMaxRtcp> buffer;
  ByteWriter writer(buffer);
  for (std::size_t i = 0; i < senders; ++i) {
    wire::write_sender_report(writer, infos[i].first, infos[i].second, told);
    told = {};
  }
  const Ssrc self = outbound_.rtcp_ssrc(peer.id);
  if (senders == 0) wire::write_receiver_report(writer, self, told);
  wire::write_cname(writer, {self, config_.roster[config_.self.value].id});
  DC_CHECK(writer.ok());
  send_rtcp(now, peer, writer.written());
}

}  // namespace diemcau::mesh
