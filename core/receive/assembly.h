// Puts a video stream's packets in order, builds frames, and decides from the frame descriptor what
// can be decoded.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/fetch.h"
#include "core/base/frame_pool.h"
#include "core/base/packet_pool.h"
#include "core/base/ring_queue.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"
#include "core/wire/h264.h"
#include "core/wire/rtp.h"

namespace diemcau::receive {

struct AssembledFrame {
  std::int64_t frame_number = 0;  // unwrapped
  bool key = false;
  std::uint32_t rtp_timestamp = 0;
  std::optional<NtpTime> captured;
  FrameRef frame;
  bool mended = false;  // it, or one before it that came out with it, waited for repair
};

// What the sender must be told: nothing from `first_lost` on can be decoded, `last_good` was.
// Without a last good frame only a key frame helps.
struct FrameLoss {
  std::uint16_t first_lost = 0;
  std::optional<std::uint16_t> last_good;
};

// Frames come out in order, decodable ones only. A frame number that no sequence number is missing
// for was never sent here: a droppable frame that was left out, or one that the sender went around.
// It is no loss, and nobody waits for it. A gap in the sequence is given up when packets behind it
// have waited for the reorder tolerance and repair cannot fill it any more. Bounded: kWindow
// packets. One thread at a time.
class Assembly {
 public:
  enum class Insert : std::uint8_t { fresh, duplicate, late };

  explicit Assembly(FramePool& frames) : frames_(frames) {}

  // `symbol` is its place among all packets of the link, when the link repairs.
  Insert insert(Timestamp now, PacketId id, const wire::RtpPacket& rtp, PacketRef packet,
                std::optional<PacketId> symbol = std::nullopt);
  // The first symbol of the link that repair may still bring; time_passed() then acts on it. When
  // it is late, the loss is told, and waited for nevertheless.
  void set_oldest_missing(std::optional<PacketId> symbol, bool late = false) {
    oldest_missing_ = symbol;
    late_ = late;
  }
  // Nothing came for longer than repair may take: what would have been next is lost, although no
  // picture behind it has shown that yet.
  void outage_over() {
    if (started_ && last_good_) lost(*last_good_ + 1);
  }
  // A gap would have been given up if it were not for repair.
  bool waits_for_repair() const { return waits_for_repair_; }
  void time_passed(Timestamp now) { advance(now); }
  // The next decodable frame; poll until none after insert() and time_passed().
  std::optional<AssembledFrame> poll() {
    if (ready_.empty()) return std::nullopt;
    return ready_.pop();
  }
  // Something is lost, and no good frame has come since.
  bool lacks_frames() const { return first_lost_.has_value(); }
  // A loss to report, at most one per `repeat_after` while it lasts; none when all is well.
  std::optional<FrameLoss> take_loss(Timestamp now, Duration repeat_after);
  // A frame with this RTP timestamp is shown then, others as far from it as they were captured. A
  // frame behind a gap that could be decoded without it leaves no sooner than it must.
  void set_showing(std::uint32_t rtp_timestamp, Timestamp at) { shown_ = Shown{rtp_timestamp, at}; }
  // When a gap will have waited long enough.
  std::optional<Timestamp> deadline() const { return deadline_; }
  // The decoder refused a frame that we took for decodable: nothing that leans on it is good.
  void decode_failed(std::int64_t frame_number);
  // A packet is near: where it will lie.
  void fetch_next() const {
    if (slots_.empty()) return;
    const auto next = static_cast<std::size_t>(highest_ + 1 - base_) & (slots_.size() - 1);
    diemcau::fetch(&slots_[next], sizeof(Slot));
  }
  void set_reorder_tolerance(Duration d) { tolerance_ = d; }

  std::uint64_t frames_undecodable() const { return undecodable_; }
  // Frames that were never sent here, since the last call.
  std::uint64_t take_left_out() { return std::exchange(left_out_, 0); }
  void reset_figures() { undecodable_ = 0; }
  std::optional<std::int64_t> newest_frame() const { return newest_frame_; }

 private:
  // 512 packets are 1.7 s of hi at its full rate, far beyond any deadline.
  static constexpr std::size_t kWindow = 512;
  static constexpr std::size_t kFrameMemory = 256;  // as far as a descriptor can point back
  // No packet has it: ids before the first packet may be negative.
  static constexpr PacketId kNone = std::numeric_limits<PacketId>::min();
  struct Slot {
    PacketId id = kNone;
    PacketRef packet;
    std::optional<PacketId> symbol;
    std::optional<NtpTime> captured;
    Timestamp received_at;
    std::uint32_t rtp_timestamp = 0;
    wire::FrameDescriptor descriptor;
    std::uint16_t payload_offset = 0;
    std::uint16_t payload_size = 0;
  };

  Slot& slot(PacketId id) {
    return slots_[static_cast<std::size_t>(id - base_) & (slots_.size() - 1)];
  }
  bool present(PacketId id) { return slot(id).id == id; }
  void clear(PacketId id);
  void reserve(std::size_t count);
  void advance(Timestamp now);
  bool may_begin_earlier(Timestamp now);
  void move_to(PacketId id);
  bool take_frame();
  bool skip_gap(Timestamp now);
  bool goes_on_at(PacketId after);
  Timestamp leaves_at(PacketId first);
  void lost_before(PacketId after);
  void count_left_out(std::int64_t frame);
  std::optional<PacketId> decodable_behind(PacketId from);
  void finish(PacketId first, PacketId last);
  bool decodable(std::int64_t frame, const wire::FrameDescriptor& d) const;
  void lost(std::int64_t frame);
  void mark_good(std::int64_t frame);
  FrameRef build(PacketId first, PacketId last);

  FramePool& frames_;
  // A power of two of slots, as many as the window ever needed: the packets of a frame, mostly.
  std::vector<Slot> slots_;
  PacketId base_ = 0;             // the id that the first slot stands for
  std::optional<PacketId> next_;  // first packet that is neither taken nor given up
  PacketId highest_ = kNone;
  std::optional<PacketId> oldest_missing_;
  bool late_ = false;
  bool waits_for_repair_ = false, mended_ = false;
  struct Shown {
    std::uint32_t rtp_timestamp = 0;
    Timestamp at;
  };
  std::optional<Shown> shown_;
  Duration tolerance_ = 20ms;
  std::optional<Timestamp> deadline_;
  bool advanced_ = false;  // a packet has been taken or given up
  bool started_ = false;   // a key frame has been seen
  std::optional<std::int64_t> first_lost_;
  std::optional<Timestamp> reported_at_;
  std::int64_t reported_ = 0;  // the newest frame that the report speaks for
  Unwrapper<std::uint16_t> frame_unwrapper_;
  std::optional<std::int64_t> newest_frame_, last_good_;
  std::vector<std::int64_t> good_;  // kFrameMemory numbers known good, by number modulo
  std::uint64_t undecodable_ = 0, left_out_ = 0;
  std::optional<std::int64_t> before_;  // the frame whose last packet is right before next_
  wire::H264Depacketiser depacketiser_;
  RingQueue<AssembledFrame> ready_;
};

}  // namespace diemcau::receive
