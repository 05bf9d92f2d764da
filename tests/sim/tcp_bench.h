// TCP flows over one bottleneck and back, in virtual time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include "core/units/time.h"
#include "sim/link.h"
#include "sim/tcp_flow.h"

namespace diemcau::sim {

struct BenchFlow {
  BenchFlow(TcpKind kind, std::optional<std::uint64_t> bytes, Timestamp begins)
      : sender(kind, bytes), start(begins) {}
  TcpSender sender;
  TcpReceiver receiver;
  Timestamp start;
  std::optional<Timestamp> finished_at;
};

class TcpBench {
 public:
  // What a test does to a segment before the bottleneck.
  using Fate = std::optional<Duration>;  // how long it is held, nothing: it is lost
  using Meddle = std::function<Fate(Timestamp, std::size_t, const TcpSegment&)>;

  // `ack_loss_parts` of 2^32 acknowledgments are lost.
  TcpBench(Bitrate rate, Duration round_trip, ByteCount queue, std::uint64_t ack_loss_parts = 0,
           std::uint32_t overhead = 0)
      : there_(config(rate, round_trip, queue, 0, overhead), {1, 0, 24h}),
        back_(config(rate, round_trip, ByteCount::bytes(1 << 30), ack_loss_parts, overhead),
              {1, 1, 24h}) {}

  BenchFlow& add(TcpKind kind, std::optional<std::uint64_t> bytes = {}, Timestamp start = {}) {
    flows_.push_back(std::make_unique<BenchFlow>(kind, bytes, start));
    push(start, What::start, flows_.size() - 1);
    return *flows_.back();
  }
  BenchFlow& flow(std::size_t i) { return *flows_[i]; }
  const Link& line() const { return there_; }
  Timestamp now() const { return now_; }
  void reset_line() { there_.reset_figures(now_); }

  void run_until(Timestamp end) {
    run_while(end, [] { return true; });
  }
  template <typename Condition>
  void run_while(Timestamp end, Condition go_on) {
    while (go_on() && step(end)) continue;
    if (go_on()) now_ = end;
  }

  Meddle meddle;
  std::function<void(Timestamp, std::size_t, const TcpSegment&)> on_arrival;

 private:
  enum class What : std::uint8_t { start, to_line, segment, ack };
  struct Event {
    Timestamp at;
    std::uint64_t order = 0;
    What what = What::start;
    std::size_t flow = 0;
    TcpSegment segment{};
    TcpAck ack{};
    bool operator<(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  static LinkConfig config(Bitrate rate, Duration round_trip, ByteCount queue,
                           std::uint64_t loss_parts, std::uint32_t overhead) {
    LinkConfig c;
    c.capacity.rate = rate;
    c.delay.base = round_trip / 2;
    c.queue_time.reset();
    c.queue_bytes = queue;
    c.overhead = overhead;
    if (loss_parts > 0) c.loss.kind = LossConfig::Kind::iid;
    c.loss.loss_good = loss_parts;
    return c;
  }
  void push(Timestamp at, What what, std::size_t flow, TcpSegment segment = {}, TcpAck ack = {}) {
    events_.push({at, order_++, what, flow, segment, ack});
  }

  bool step(Timestamp end) {
    std::size_t timer_flow = 0;
    std::optional<Timestamp> timer;
    for (std::size_t i = 0; i < flows_.size(); ++i) {
      for (const auto& t : {flow(i).sender.next_deadline(), flow(i).receiver.next_deadline()}) {
        if (!t || (timer && *timer <= *t)) continue;
        timer = t;
        timer_flow = i;
      }
    }
    if (timer && (events_.empty() || *timer < events_.top().at)) {
      if (*timer > end) return false;
      now_ = std::max(now_, *timer);
      flow(timer_flow).sender.on_timer(now_);
      send_ack(timer_flow, flow(timer_flow).receiver.on_timer(now_));
      pump(timer_flow);
      return true;
    }
    if (events_.empty() || events_.top().at > end) return false;
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    handle(event);
    return true;
  }
  void handle(const Event& e) {
    switch (e.what) {
      case What::start: return pump(e.flow);
      case What::to_line: return onto_line(e.flow, e.segment);
      case What::segment:
        if (on_arrival) on_arrival(now_, e.flow, e.segment);
        return send_ack(e.flow, flow(e.flow).receiver.on_segment(now_, e.segment));
      case What::ack: {
        BenchFlow& f = flow(e.flow);
        f.sender.on_ack(now_, e.ack);
        if (f.sender.finished() && !f.finished_at) f.finished_at = now_;
        return pump(e.flow);
      }
    }
  }
  void pump(std::size_t i) {
    while (const auto segment = flow(i).sender.poll(now_)) {
      const auto held = meddle ? meddle(now_, i, *segment) : Duration{0};
      if (!held) continue;
      if (*held > Duration{0}) {
        push(now_ + *held, What::to_line, i, *segment);
      } else {
        onto_line(i, *segment);
      }
    }
  }
  void onto_line(std::size_t i, const TcpSegment& segment) {
    const Link::Result r = there_.send(now_, wire_size(segment));
    if (r.passage == Passage::carried) push(r.arrives_at, What::segment, i, segment);
  }
  void send_ack(std::size_t i, const std::optional<TcpAck>& ack) {
    if (!ack) return;
    const Link::Result r = back_.send(now_, wire_size(*ack));
    if (r.passage == Passage::carried) push(r.arrives_at, What::ack, i, {}, *ack);
  }

  Link there_, back_;
  std::vector<std::unique_ptr<BenchFlow>> flows_;
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
  Timestamp now_{};
};

// rate × round trip.
inline ByteCount path_capacity(Bitrate rate, Duration round_trip) {
  return rate.bytes_in(round_trip);
}

}  // namespace diemcau::sim
