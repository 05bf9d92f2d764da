#include "sim/link.h"

#include <algorithm>
#include <limits>

#include "core/base/check.h"

namespace diemcau::sim {

namespace {

constexpr std::int64_t kBitNs = 8 * std::int64_t{1'000'000'000};

std::unique_ptr<ActiveQueue> active_queue_of(const LinkConfig& c) {
  if (c.discipline == LinkConfig::Discipline::drop_tail) return nullptr;
  return std::make_unique<ActiveQueue>(c.discipline == LinkConfig::Discipline::codel
                                           ? ActiveQueue::Kind::codel
                                           : ActiveQueue::Kind::fq_codel,
                                       c.codel);
}

}  // namespace

Link::Link(const LinkConfig& config, const LinkIdentity& id)
    : cuts_(spans_of(config.outages, OutageKind::cut, id.life, id.seed, id.number)),
      stalls_(spans_of(config.outages, OutageKind::stall, id.life, id.seed, id.number)),
      active_(active_queue_of(config)),
      overhead_(config.overhead),
      loss_at_ingress_(config.loss_at_ingress),
      polices_(config.policer.has_value()),
      server_(config.capacity, stalls_, CounterRandom{id.seed, Purpose::capacity, id.number}),
      delay_(config.delay, id.seed, id.number),
      loss_(config.loss, CounterRandom{id.seed, Purpose::wire_loss, id.number}),
      config_(config) {
  if (config_.policer) tokens_ = config_.policer->burst.count() * kBitNs;
}

Link::Result Link::refuse(Passage passage, std::uint64_t& count) {
  ++count;
  Result result;
  result.passage = passage;
  result.begins = timestamp_from_ns(last_now_ns_);
  return result;
}

Link::Result Link::send(Timestamp now, ByteCount size, std::uint32_t flow, std::uint32_t handle) {
  const std::int64_t now_ns = to_ns(now);
  DC_CHECK(now_ns >= last_now_ns_);
  last_now_ns_ = now_ns;
  ++figures_.offered;
  const std::int64_t bytes = size.count() + overhead_;
  if (!cuts_.empty()) {
    end_cut(now_ns);
    const OutageSpan* cut = span_from(cuts_, now_ns);
    if (cut && cut->from_ns <= now_ns) return refuse(Passage::lost_outage, figures_.lost_outage);
  }
  if (polices_ && !passes_policer(now_ns, bytes))
    return refuse(Passage::dropped_policer, figures_.dropped_policer);
  if (loss_at_ingress_ && loss_.loses(now_ns))
    return refuse(Passage::lost_wire, figures_.lost_wire);
  if (active_) return send_active(now_ns, Parcel{bytes, flow, handle, now_ns});

  leave_queue(now_ns);
  const bool by_opportunity = server_.by_opportunity();
  const bool busy = by_opportunity || !server_.free(now_ns);
  if (busy && waiting_bytes_ + bytes > limit_bytes(now_ns))
    return refuse(Passage::dropped_queue, figures_.dropped_queue);
  const Server::Service service = server_.serve(now_ns, bytes);
  if (busy) enter_queue({service.begins_ns, static_cast<std::uint32_t>(bytes)});
  figures_.bits_served += bytes * 8;
  return cross(now_ns, service);
}

Link::Result Link::cross(std::int64_t arrived_ns, const Server::Service& service) {
  Result result;
  result.begins = timestamp_from_ns(service.begins_ns);
  result.waited = Duration{service.begins_ns - arrived_ns};
  figures_.waited.add(result.waited);
  if (!loss_at_ingress_ && loss_.loses(service.departs_ns)) {
    ++figures_.lost_wire;
    result.passage = Passage::lost_wire;
    return result;
  }
  const DelayLine::Arrival arrival = delay_.carry(service.departs_ns);
  if (!cuts_.empty()) {
    // A cut that begins before it has arrived takes it along.
    const OutageSpan* cut = span_from(cuts_, arrived_ns);
    if (cut && cut->from_ns <= arrival.at_ns) {
      ++figures_.lost_outage;
      result.passage = Passage::lost_outage;
      return result;
    }
  }
  ++figures_.carried;
  result.arrives_at = timestamp_from_ns(arrival.at_ns);
  if (arrival.copy_at_ns) result.copy_at = timestamp_from_ns(*arrival.copy_at_ns);
  result.corrupt = arrival.corrupt;
  return result;
}

// The first packet after a cut finds an empty line.
void Link::end_cut(std::int64_t now_ns) {
  const auto next = std::partition_point(cuts_.begin(), cuts_.end(),
                                         [&](const OutageSpan& c) { return c.to_ns <= now_ns; });
  if (next == cuts_.begin() || std::prev(next)->to_ns <= cut_ended_ns_) return;
  cut_ended_ns_ = std::prev(next)->to_ns;
  server_.restart(cut_ended_ns_);
  if (active_) active_->clear(cut_off_);
  head_ = size_ = 0;
  waiting_bytes_ = 0;
}

bool Link::passes_policer(std::int64_t now_ns, std::int64_t bytes) {
  const std::int64_t most = config_.policer->burst.count() * kBitNs;
  const std::int64_t bps = config_.policer->rate.bps();
  const std::int64_t idle_ns = now_ns - tokens_at_ns_;
  tokens_at_ns_ = now_ns;
  tokens_ = idle_ns > most / bps ? most : std::min(most, tokens_ + idle_ns * bps);
  if (tokens_ < bytes * kBitNs) return false;
  tokens_ -= bytes * kBitNs;
  return true;
}

std::int64_t Link::limit_bytes(std::int64_t now_ns) {
  std::int64_t limit =
      config_.queue_bytes ? config_.queue_bytes->count() : std::numeric_limits<std::int64_t>::max();
  if (config_.queue_time) {
    const Bitrate rate = server_.rate_at(now_ns);
    // A line that stands still keeps the buffer that it had.
    if (rate.bps() > 0 && rate != limit_rate_) {
      limit_rate_ = rate;
      last_limit_ = rate.bytes_in(*config_.queue_time).count();
    }
    limit = std::min(limit, last_limit_);
  }
  return limit;
}

Link::Result Link::send_active(std::int64_t now_ns, const Parcel& parcel) {
  if (active_->empty() && server_.free(now_ns)) {
    figures_.bits_served += parcel.bytes * 8;
    return cross(now_ns, server_.serve(now_ns, parcel.bytes));
  }
  active_->push(parcel, limit_bytes(now_ns), dropped_);
  Result result;
  result.passage = Passage::waits;  // whoever went instead is told by serve()
  return result;
}

std::optional<Timestamp> Link::service_due() const {
  if (!dropped_.empty() || !cut_off_.empty()) return timestamp_from_ns(last_now_ns_);
  if (active_->empty()) return std::nullopt;
  return timestamp_from_ns(std::max(server_.free_ns(), last_now_ns_));
}

void Link::serve(Timestamp now, std::vector<Told>& told) {
  const std::int64_t now_ns = to_ns(now);
  DC_CHECK(active_ && now_ns >= last_now_ns_);
  last_now_ns_ = now_ns;
  const auto tell = [&](std::vector<Parcel>& gone, Passage passage, std::uint64_t& count) {
    for (const Parcel& p : gone) told.push_back({p.handle, refuse(passage, count)});
    gone.clear();
  };
  tell(dropped_, Passage::dropped_queue, figures_.dropped_queue);
  if (!cuts_.empty()) {
    end_cut(now_ns);
    const OutageSpan* cut = span_from(cuts_, now_ns);
    if (cut && cut->from_ns <= now_ns) active_->clear(cut_off_);
    tell(cut_off_, Passage::lost_outage, figures_.lost_outage);
  }
  while (!active_->empty() && server_.free_ns() <= now_ns) {
    const auto parcel = active_->pop(now_ns, dropped_);
    tell(dropped_, Passage::dropped_queue, figures_.dropped_queue);
    if (!parcel) return;
    figures_.bits_served += parcel->bytes * 8;
    const bool by_opportunity = config_.capacity.kind == CapacityConfig::Kind::opportunities;
    const Server::Service service =
        server_.serve(by_opportunity ? parcel->arrived_ns : now_ns, parcel->bytes);
    told.push_back({parcel->handle, cross(parcel->arrived_ns, service)});
  }
}

bool Link::interrupted(Timestamp from, Timestamp to) const {
  for (const auto* spans : {&cuts_, &stalls_}) {
    const OutageSpan* span = span_from(*spans, to_ns(from));
    if (span != nullptr && span->from_ns < to_ns(to)) return true;
  }
  return false;
}

void Link::reset_figures(Timestamp now) {
  leave_queue(to_ns(now));
  waiting_bytes_at_reset_ = waiting_bytes_;
  figures_ = LinkFigures{};
}

std::int64_t Link::bits_between(Timestamp from, Timestamp to) {
  std::int64_t bits = server_.bits_between(to_ns(from), to_ns(to));
  for (const OutageSpan& cut : cuts_) {
    const std::int64_t begin = std::max(cut.from_ns, to_ns(from));
    const std::int64_t end = std::min(cut.to_ns, to_ns(to));
    if (begin < end) bits -= server_.bits_between(begin, end);
  }
  return bits;
}

double Link::utilisation(Timestamp from, Timestamp to) {
  const std::int64_t bits = bits_between(from, to);
  leave_queue(to_ns(to));
  const std::int64_t served = figures_.bits_served + (waiting_bytes_at_reset_ - waiting_bytes_) * 8;
  return bits > 0 ? static_cast<double>(served) / static_cast<double>(bits) : 0;
}

void Link::leave_queue(std::int64_t now_ns) {
  while (size_ > 0 && ring_[head_].begins_ns <= now_ns) {
    waiting_bytes_ -= ring_[head_].bytes;
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
  }
}

void Link::enter_queue(Waiting w) {
  if (size_ == ring_.size()) {
    std::vector<Waiting> larger(std::max<std::size_t>(16, ring_.size() * 2));
    for (std::size_t i = 0; i < size_; ++i) larger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
    ring_ = std::move(larger);
    head_ = 0;
  }
  ring_[(head_ + size_) & (ring_.size() - 1)] = w;
  ++size_;
  waiting_bytes_ += w.bytes;
}

}  // namespace diemcau::sim
