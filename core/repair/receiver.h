// The receiving end of a link's repair: keeps what arrived, gets back what did not, and says what
// to ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/packet_pool.h"
#include "core/repair/decoder.h"
#include "core/repair/missing.h"
#include "core/units/seq_no.h"
#include "core/units/time.h"
#include "core/wire/rtp.h"

namespace diemcau::repair {

// All media streams of a link share one series of symbol ids and so one window: a lost sound packet
// is known by the next picture's and mended together with it. One thread at a time.
class Receiver {
 public:
  struct Figures {
    std::uint64_t repeated = 0, coded = 0;  // repair packets that came: retransmissions, sums
    std::uint64_t useless = 0;              // of them: nothing was missing any more
    std::uint64_t recovered = 0;            // packets
    std::uint64_t bytes = 0;                // of repair packets, without the seal
  };
  Receiver(PacketPool& packets, const Kernel& kernel) : decoder_(packets, kernel) {}

  // A media packet; gives its id, or that it has been here already.
  struct Arrival {
    PacketId id = 0;
    bool repaired_before = false;
  };
  Arrival media_arrived(Timestamp now, std::uint16_t symbol, const PacketRef& packet,
                        std::optional<Duration> round_trip);
  // False when it is malformed or absurd.
  bool repair_arrived(Timestamp now, const wire::RtpPacket& rtp, const PacketRef& packet,
                      std::optional<Duration> round_trip);
  // A packet as it was sent; poll until none.
  std::optional<Decoder::Recovered> poll(Timestamp now);
  // Ids to ask for now.
  void set_way_back_loses(bool loses) { missing_.set_way_back_loses(loses); }
  std::span<const PacketId> ask(Timestamp now, std::optional<Duration> round_trip) {
    const auto oldest = missing_.oldest();
    return missing_.take_due(now, round_trip, oldest ? decoder_.rows_from(*oldest) : 0);
  }
  // The media packet with this id begins a picture.
  void picture_began(Timestamp now, PacketId id) { missing_.picture_began(now, id); }
  void time_passed(Timestamp now);
  // The first symbol that may still come.
  std::optional<PacketId> oldest_missing() const { return missing_.oldest(); }
  // The path loses everything for moments, now and then.
  bool blacks_out(Timestamp now) const { return missing_.blacks_out(now); }
  std::optional<Duration> take_outage() { return missing_.take_outage(); }
  // It is late: whoever encodes should be told.
  bool late() const { return missing_.late(); }
  // Nobody waits for what is late any more.
  void let_late_go() { missing_.let_late_go(); }
  std::optional<Timestamp> ask_due() const { return missing_.ask_due(); }
  std::optional<Timestamp> deadline() const { return missing_.deadline(); }
  void restart();
  const Figures& figures() const { return figures_; }
  void reset_figures() { figures_ = {}; }

 private:
  void exists(Timestamp now, PacketId up_to, std::optional<Duration> round_trip);

  Decoder decoder_;
  Missing missing_;
  Unwrapper<std::uint16_t> unwrapper_;
  // Packets are kept while something is lost now and then.
  std::optional<Timestamp> keep_until_;
  Figures figures_;
};

}  // namespace diemcau::repair
