// Everything that leaves over one uplink: each path's own controller, and the one that all paths
// share (RFC 8699: a flow state exchange).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/fetch.h"
#include "core/rate/controller.h"
#include "core/rate/path_meter.h"
#include "core/rate/sent_log.h"
#include "core/rate/share.h"
#include "core/rate/sound_loss.h"
#include "core/send/allowance.h"
#include "core/units/ids.h"
#include "core/wire/ccfb.h"

namespace diemcau::rate {

// The packets of all paths queue in the uplink, and then each in its own path: the least queue of
// all paths is the uplink's, what a path has above it is its own. So an uplink that is full slows
// all paths by one decision, and a peer that is congested itself slows only its own path. One
// thread at a time.
class Uplink final : public send::Allowance {
 public:
  struct Settings {
    std::size_t peers = 0;
    Bitrate ceiling;                     // of everything together
    std::vector<std::uint32_t> weights;  // by PeerId, against other senders; absent: 1
    ControllerKind controller = ControllerKind::delay;
    Bitrate media = Bitrate::kbps(2'000);  // what one path can use at best
    Bitrate audio = Bitrate::kbps(32);     // of a stream of sound, without headers
  };
  explicit Uplink(Settings settings);

  void association_began(PeerId peer);
  void ended(PeerId peer);
  // `size_bytes` is on the line, all headers included.
  void sent(Timestamp now, PeerId peer, Ssrc ssrc, SeqNo seq, std::uint16_t size_bytes,
            Source source);
  // The packets that the report speaks of for the first time, in the order of sending; valid until
  // the next call.
  std::span<const ReportedPacket> report_arrived(Timestamp now, PeerId peer,
                                                 const wire::Ccfb& report);

  // A report is near, or a packet will leave: what it reads.
  void fetch_report(PeerId peer) const;
  void fetch_path(PeerId peer) const {
    const PathState* path = paths_[peer.value].get();
    if (path == nullptr) return;
    diemcau::fetch(path, kEachReads);
    path->log.fetch();
  }

  // A packet that the peer has asked for again.
  void asked_for(PeerId peer, Ssrc ssrc, SeqNo seq);

  // Whether pictures may go: what is in flight fits the window, or nothing has been sent or told
  // for so long that only a packet can find out. Sound and control are not asked.
  bool window_open(Timestamp now, PeerId peer) const override;
  Bitrate pace(PeerId peer) const override;
  Bitrate pace() const override { return pace_; }
  Bitrate sound_pace() const override { return sound_pace_; }
  // What the path could carry, and what everything together can.
  Bitrate rate(PeerId peer) const;
  Bitrate rate() const;
  // Which earlier frames each packet of sound on this path has to carry.
  wire::EarlierFrames earlier_sound(PeerId peer) const;
  // Of several paths: nothing has waited in it for seconds, or it has.
  bool calm(Timestamp now) const { return shared_active_ && now - waited_at_ >= kCalm; }
  bool crowded(Timestamp now) const { return shared_active_ && !calm(now); }
  void set_any_distance(PeerId peer, bool any);

  struct PathFigures {
    Bitrate target;
    Duration queue{};
    std::uint32_t inherent_loss_permille = 0;
  };
  // Much is on its way, and the peer has told of none of it for longer than a living line takes.
  bool silent(Timestamp now, PeerId peer) const;
  // Of a stream, behind a queue that may be full: the first packet that may not arrive.
  std::optional<SeqNo> first_doubtful(PeerId peer, Ssrc ssrc) const;
  // For reports; none without an association.
  std::optional<PathFigures> figures(PeerId peer) const;

 private:
  static constexpr Duration kCalm = 3s;
  struct PathState {
    // What every packet asks stands first; the window and the silence follow from the last report.
    Bitrate pace;
    ByteCount window;
    Duration silence{};  // after which nothing is known any more
    Duration held_up{};  // by which the last report was late on its own way
    Duration reports_apart{};
    std::optional<Timestamp> sent_at;
    wire::EarlierFrames earlier_sound;
    SentLog log;
    // The rest is for reports.
    std::unique_ptr<Controller> controller;
    Observation last;
    Duration mean_queue{};  // with the uplink's share
    // What it had above the uplink's in its last reports. Reports of different paths are of
    // different times: only what stays is the path's own.
    std::array<Duration, 4> own_queues{};
    std::size_t next_own = 0;
    PathMeter meter;
    SoundLoss sound_loss;
  };
  static constexpr std::size_t kEachReads = 136, kReportReads = 328;  // up to the log, the meter
  // What a path's last report said, side by side, because each report asks them all.
  struct Told {
    std::optional<Timestamp> at;
    Timestamp as_of;           // when that was so: less what the report has waited itself
    Duration queue{};          // with the uplink's share
    bool loses_sound = false;  // and wants earlier frames
    bool has_lost = false;     // a frame of sound, in the last half minute
  };
  static bool fresh(const Told& told, Timestamp now);
  // What is older than that says nothing of what the newest ones say.
  Timestamp newest_as_of(Timestamp now) const;
  // The uplink's queue: none while fewer than two paths can tell.
  std::optional<Duration> common_queue(Timestamp now, Timestamp newest) const;
  void observe_uplink(Timestamp now, std::optional<Duration> common);
  void follow(PeerId peer);
  void settle_sound_and_pace();
  wire::EarlierFrames earlier_sound(const PathState& path, bool thin) const;
  Bitrate basics() const;
  Bitrate least_rate() const;
  std::unique_ptr<Controller> make(RateBounds bounds, std::uint32_t weight,
                                   std::int64_t paths) const;

  Settings settings_;
  // Of a path's packets of sound with their headers, and of one earlier frame in front of each.
  Bitrate least_start_, sound_, earlier_frame_;
  std::vector<std::unique_ptr<PathState>> paths_;  // by PeerId; none: no association
  std::vector<Told> told_;                         // by PeerId
  std::vector<ReportedPacket> reported_;           // of the report that is being read
  std::size_t open_ = 0;
  std::int64_t earlier_sum_ = 0;  // of the frames that they get
  bool others_lose_ = false;      // a third of several paths
  Bitrate pace_, sound_pace_;
  std::unique_ptr<Controller> shared_;
  bool shared_active_ = false;
  Duration shared_queue_{};
  std::optional<Timestamp> shared_observed_at_;
  Timestamp waited_at_;  // in it, for longer than jitter
  std::optional<Timestamp> full_since_;
};

}  // namespace diemcau::rate
