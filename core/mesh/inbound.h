// Everything received from one peer: its streams from packet to play-out and record, and what we
// report back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/fetch.h"
#include "core/base/token_bucket.h"
#include "core/mesh/boundary.h"
#include "core/mesh/downlink.h"
#include "core/mesh/inbound_stream.h"
#include "core/mesh/output_queue.h"
#include "core/mesh/picture_layers.h"
#include "core/mesh/picture_view.h"
#include "core/mesh/speaker.h"
#include "core/mesh/wall_time.h"
#include "core/quality/flow_meter.h"
#include "core/quality/impairment.h"
#include "core/receive/arrival_log.h"
#include "core/receive/audio_buffer.h"
#include "core/receive/av_sync.h"
#include "core/receive/capture_clock.h"
#include "core/receive/record_tap.h"
#include "core/repair/receiver.h"
#include "core/wire/messages.h"
#include "core/wire/rtcp.h"

namespace diemcau::mesh {

// Streams are named by (origin, source, layer); SSRCs are the link's and change with every
// association. Which of a source's layers comes is the sender's choice, up to the wanted one: a
// better one is shown from its first decodable picture on, a lesser one when the better has ended.
// One thread.
class Inbound {
 public:
  struct Context {
    PeerId peer;
    const WallTime& wall;
    PacketPool& packets;
    FramePool& frames;
    const repair::Kernel& kernel;
    OutputQueue& out;
    ActiveSpeaker& speaker;
    bool records;
  };
  explicit Inbound(Context context) : context_(context), repair_(context.packets, context.kernel) {}

  // A new association: the old SSRCs are dead. Figures go on.
  void association_began();
  // A stream's state is some kilobytes: of new ones, more than 32 at once and ten a second begin
  // with a later announcement.
  void streams_announced(Timestamp now, const std::vector<wire::StreamEntry>& entries);
  // Why it was not used, or none.
  std::optional<quality::DropReason> rtp_arrived(Timestamp now, Timestamp received_at,
                                                 PacketRef packet,
                                                 std::optional<Duration> round_trip);
  void sender_report_arrived(Timestamp received_at, const wire::SenderReport& report);
  void clock_estimated(Timestamp now, Duration offset) { clock_.update(now, offset); }
  void audio_wanted(Timestamp now, std::uint32_t queued_samples);
  void audio_played(Timestamp now, const AudioPlayed& played);
  void frame_decoded(Timestamp now, const FrameDecoded& decoded);
  void frame_shown(const FrameShown& shown);
  void time_passed(Timestamp now);
  // When time_passed() has something to do. Here and below, Timestamp::max() is never.
  Timestamp due() const;
  // The link is down or the peer has left: nothing is expected to move.
  void paused();
  // What the peer says that it sends; nothing when it has left.
  struct Sources {
    bool microphone = false, camera = false, document = false;
  };
  void sends(const Sources& sources);
  void peer_left();

  void want(const PictureLayers& layers);  // the best to ask for
  const PictureLayers& wanted() const { return wanted_; }
  // Then there may be a loss to report.
  bool lacks_pictures() const {
    if (!pictures_known_) look_at_pictures();
    return pictures_lack_;
  }
  // A packet is near: what every packet reads; then its own stream.
  void fetch() const { diemcau::fetch(this, kEachReads); }
  void fetch_stream(ByteSpan packet) const;
  // The device will ask for sound.
  void fetch_sound() const { diemcau::fetch(&sound_, kSoundReads); }
  // None when it is not announced.
  std::optional<Ssrc> ssrc_of(const StreamId& id) const;
  // One loss to report to the peer; poll until none.
  struct LossToReport {
    Ssrc ssrc;
    receive::FrameLoss loss;
  };
  std::optional<LossToReport> poll_loss(Timestamp now, std::optional<Duration> rtt);
  // Asks for what is missing and due; false, and nothing written, when nothing is.
  bool write_nack(ByteWriter& out, Ssrc sender, Timestamp now, std::optional<Duration> round_trip);
  Timestamp nack_due() const { return repair_.ask_due().value_or(Timestamp::max()); }
  // What is known of the way back, that reports and questions go.
  void set_way_back(bool loses, Bitrate rate);
  bool write_feedback(ByteWriter& out, Ssrc sender, Timestamp now);
  Timestamp feedback_due() const { return arrivals_.deadline().value_or(Timestamp::max()); }
  // Report blocks for every stream that has sent; starts their next interval.
  std::size_t report_blocks(Timestamp now, std::span<wire::ReportBlock> out);
  void report(Timestamp now, std::vector<quality::FlowReport>& flows) const;
  // What its sound waits now is nobody's queue.
  void way_is_longer() { impairment_.way_is_longer(); }
  // Once for each second in which this peer was heard or should have been.
  auto take_line_second() { return std::exchange(line_second_, std::nullopt); }
  const repair::Receiver::Figures& repair_figures() const { return repair_.figures(); }
  void reset_figures(Timestamp now);

 private:
  using Pictures = InboundPictures;
  using Stream = InboundStream;
  // What every packet is looked up by, side by side.
  struct Live {
    Ssrc ssrc;
    StreamId id;
    Stream* stream = nullptr;
    Pictures* pictures = nullptr;  // of that stream, once there are any
  };

  struct Coming {  // how a packet came to us
    Timestamp now, received_at;
    std::optional<PacketId> symbol;
    bool repaired = false;
  };
  Live* find(Ssrc ssrc);
  void list_pictures();
  Stream* find(const StreamId& id) const;
  void look_at_pictures() const;
  Timestamp local_time(NtpTime captured) const;
  std::optional<quality::DropReason> media_arrived(const Coming& coming, Live& live,
                                                   const wire::RtpPacket& rtp, PacketRef packet);
  void take_recovered(Timestamp now);
  // A gap is waited for as long as repair may fill it.
  void tell_missing(Timestamp now);
  void outage_over(Timestamp now, Duration silence);
  std::optional<quality::DropReason> audio_arrived(const Coming& coming, Stream& stream,
                                                   const wire::RtpPacket& rtp, PacketRef packet);
  // A frame that has not been here before; `frame` but for its capture time on our clock.
  receive::AudioBuffer::Insert take_sound(const Coming& coming, receive::AudioFrame frame);
  std::optional<quality::DropReason> video_arrived(const Coming& coming, Stream& stream,
                                                   const wire::RtpPacket& rtp, PacketRef packet);
  void release_frames(Timestamp now, Stream& stream);
  void record_sound(Timestamp now);
  static Media media_of_sound(const receive::AudioFrame& frame);
  PictureView& view_of(Source source) { return source == Source::document ? page_ : face_; }
  bool comes_in_halves(const PictureView& view) const;
  bool expects(const PictureView& view) const { return view.sent && wanted_.of(view.source); }
  void pause(PictureView& view);  // nothing of that source is expected to move
  // What the second that is over was like for whoever looked.
  quality::ImpairmentMeter::Seen seen(Timestamp now, const PictureView& view, Stream*& stream);
  // Judges the second that is over, if one is; what happens now belongs to the next.
  void keep_seconds(Timestamp now) {
    if (now >= impairment_.second_ends()) second_over(now);
  }
  void second_over(Timestamp now);

  // What every packet reads stands first.
  static constexpr std::size_t kEachReads = 896, kSoundReads = 576;
  Context context_;
  std::vector<Live> live_;           // those of the present association
  std::vector<Live> with_pictures_;  // of them those with pictures, in the same order
  PictureLayers wanted_;
  receive::PeerClock clock_;
  std::optional<Downlink::Second> line_second_;
  // What the pictures of all layers say together, until one of them may say something else.
  mutable bool pictures_known_ = false, pictures_lack_ = false;
  mutable Timestamp pictures_due_;
  receive::ArrivalLog arrivals_;
  std::optional<Ssrc> repair_ssrc_;
  std::pair<std::optional<PacketId>, bool> told_missing_;  // what the pictures know, and it is late
  repair::Receiver repair_;
  quality::ImpairmentMeter impairment_;  // its first line
  // The rest is for some of them.
  receive::AvSync sync_;
  receive::AudioBuffer sound_;
  receive::RecordTap sound_record_;
  PictureView face_{Source::camera}, page_{Source::document};
  std::vector<std::unique_ptr<Stream>> streams_;
  TokenBucket beginnings_{32, 100ms};
  bool microphone_ = false;  // as the peer says
  // What had been counted when the last second was over.
  struct Counted {
    std::uint64_t lost = 0, received = 0, bytes = 0, concealed = 0;
  };
  Counted counted_;
};

}  // namespace diemcau::mesh
