// The sending end of a link's repair: remembers what left, codes as much as the planner says, and
// answers questions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/fetch.h"
#include "core/base/packet_pool.h"
#include "core/base/ring_queue.h"
#include "core/base/token_bucket.h"
#include "core/repair/planner.h"
#include "core/repair/sent_symbols.h"
#include "core/units/bitrate.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"
#include "core/wire/rtp.h"

namespace diemcau::repair {

// Work and bytes are bounded whatever a peer asks for: what was never sent, is too old or has been
// sent again kMostRepeats times is refused, nothing is repeated twice within half a round trip, and
// kMostWaiting answers wait at most. Refused as well, so that the peer need not wait, is what would
// take longer than the encoder's way around it, what would come through a long queue, and what adds
// much to a line whose losses may be our own doing. To refuse is a packet as well: who asks for
// nothing else soon gets no answer at all. One thread at a time.
class Sender {
 public:
  static constexpr std::uint8_t kMostRepeats = 12;
  static constexpr std::size_t kMostWaiting = 64;
  struct Figures {
    std::uint64_t repeated = 0, coded = 0;  // repair packets
    std::uint64_t refused = 0;              // packets that were not sent again though asked for
    std::uint64_t media_bytes = 0, repair_bytes = 0;
  };

  explicit Sender(SentSymbols::Pools pools) : sent_(pools) {}

  // The id that the next media packet carries.
  std::uint16_t next_symbol() const { return static_cast<std::uint16_t>(sent_.next()); }
  // A media packet leaves; `ends_picture` when it is the last of a frame of video.
  void media_left(Timestamp now, const Packet& rtp, bool ends_picture);
  struct Repair {
    PacketRef payload;
    bool last = false;     // of those over the same window, for now: the RTP marker
    bool hurries = false;  // an answer, where there are few of them
  };
  // A repair packet to send; poll until none.
  std::optional<Repair> poll();
  // What is known of the path.
  struct Terms {
    std::optional<Duration> round_trip;
    Bitrate pace;      // at which repair leaves
    Duration queue{};  // that stands in front of it
    std::uint32_t inherent_loss_permille = 0;
    bool crowded = false;  // others' packets wait in the uplink

    // Behind two pictures of queue it may be the queue's doing after all.
    static constexpr Duration kShortQueue = 20ms;
    static constexpr std::uint32_t kLosesPermille = 5;
    bool loses_by_itself() const {
      return queue <= kShortQueue && inherent_loss_permille >= kLosesPermille;
    }
  };
  // Symbol ids that the peer asks for, all of one question.
  void asked(Timestamp now, std::span<const SeqNo> symbols, const Terms& terms);
  // What the last question says is lost.
  std::span<const PacketId> known_lost() const { return wanted_; }
  // Of the packet that had that symbol id; none when it is forgotten.
  std::optional<wire::RtpHeader> header_of(PacketId id);
  // Of each packet once, in the order of sending; then plan().
  void packet_reported(Timestamp now, bool lost, MediaKind media) {
    planner_.packet(now, lost, media);
  }
  void plan(Timestamp now, const Terms& terms);
  void set_room(bool room) { planner_.set_room(room); }
  // What repair would take for each 1,000 bytes of media if there were room, and what it takes.
  std::uint32_t wanted_permille() const {
    return std::max(measured_permille_, planner_.wanted_permille());
  }

  // A packet will leave, or a report is near: what each of them touches.
  void fetch_first() const {
    diemcau::fetch(this, kEachTouches);
    sent_.fetch_next();
  }
  void fetch_report() const { diemcau::fetch(this, sizeof *this); }
  std::uint32_t overhead_permille() const { return overhead_permille_; }
  // The path has lost something in the last seconds.
  bool loses() const { return planner_.loss_permille() > 0; }
  const Figures& figures() const { return figures_; }
  void restart();

 private:
  void code_window(Timestamp now);
  std::size_t copies_of(Timestamp now, const SentSymbols::Sent& sent, Duration round_trip) const;
  // For repeating.
  struct Credit {
    std::int64_t bytes = 0;
    std::optional<Timestamp> at;
  };
  Credit& credit_for(bool page) { return page ? page_credit_ : credit_; }
  std::size_t affordable(Timestamp now, const Terms& terms, bool page, bool of_silence);
  bool asks_for_page();
  static bool is_about_silence(std::span<const SeqNo> symbols);
  PacketId id_of(SeqNo symbol) const;
  std::size_t answer(Timestamp now, std::size_t room, const Terms& terms, Credit& credit);
  void refuse(Timestamp now, std::size_t from);

  // Copies behind the first leave later, so that one burst does not take all.
  struct Copy {
    PacketId id = 0;
    Timestamp due;
  };
  void take_due_copies(Timestamp now);

  // What every packet touches stands first.
  static constexpr std::size_t kEachTouches = 320;
  SentSymbols sent_;
  Figures figures_;
  std::int64_t coded_due_ = 0;  // permille-bytes of coded repair that are due
  RingQueue<Copy> copies_;
  RingQueue<PacketId> to_repeat_;
  RingQueue<Repair> ready_;
  Planner planner_;
  std::vector<PacketId> wanted_;
  Credit credit_, page_credit_;
  TokenBucket refusals_{32, 5ms};
  std::uint16_t key_ = 0;
  // Since plan() looked last, for what answers really cost.
  std::uint64_t media_before_ = 0, repair_before_ = 0;
  std::optional<Timestamp> measured_at_;
  std::uint32_t measured_permille_ = 0;
  std::uint32_t overhead_permille_ = 0;
  bool hurries_ = true;  // what is answered
};

}  // namespace diemcau::repair
