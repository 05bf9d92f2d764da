#include "sim/cross_traffic.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace diemcau::sim {

using Kind = CrossConfig::Kind;

struct CrossTraffic::Flow {
  Flow(const CrossConfig& c, std::uint32_t n, std::uint64_t seed) : config(c), number(n) {
    const CounterRandom draws{seed, Purpose::cross, n};
    const Timestamp begin = Timestamp{} + c.start;
    switch (c.kind) {
      case Kind::cbr: cbr.emplace(c.rate, c.packet, begin); break;
      case Kind::poisson: poisson.emplace(c.rate, c.packet, begin, draws); break;
      case Kind::tcp_short:
        // Two of ten begin with a file (RFC 8867 §5.7).
        on_off.emplace(OnOffFlows::Config{c.smallest, c.largest, c.idle, n % 5 == 0}, draws);
        break;
      case Kind::office:
        office.emplace(PulsedOffice::Config{c.idle, {c.smallest, c.largest, 12}}, draws);
        break;
      case Kind::tcp_newreno:
      case Kind::tcp_cubic: break;
    }
  }
  bool over(Timestamp now) const { return config.end && now >= Timestamp{} + *config.end; }
  bool is_packets() const { return cbr || poisson; }

  CrossConfig config;
  std::uint32_t number;
  std::optional<CbrSource> cbr;
  std::optional<PoissonSource> poisson;
  std::optional<OnOffFlows> on_off;
  std::optional<PulsedOffice> office;

  std::optional<CrossPacket> next_packet;
  std::optional<FileTransfer> next_file;
  std::optional<TcpSender> sender;
  TcpReceiver receiver;
  std::uint32_t file = 0;
  std::optional<Timestamp> wake_at;
  // Of files that are done; the current one is added in reports().
  CrossReport report;
  std::int64_t counted_goodput = 0;  // of the current file, before the figures were reset
  std::uint64_t counted_sent = 0, counted_retransmissions = 0;

  void count_current(CrossReport& to) const {
    if (!sender) return;
    to.goodput_bytes += receiver.goodput().count() - counted_goodput;
    to.packets_sent += sender->figures().segments_sent - counted_sent;
    to.retransmissions += sender->figures().retransmissions - counted_retransmissions;
  }
};

CrossTraffic::CrossTraffic(const std::vector<CrossConfig>& configs, std::uint64_t seed, Ports ports)
    : ports_(std::move(ports)) {
  for (std::size_t i = 0; i < configs.size(); ++i) {
    flows_.push_back(std::make_unique<Flow>(configs[i], static_cast<std::uint32_t>(i), seed));
    flows_.back()->report.name = configs[i].name;
  }
}
CrossTraffic::~CrossTraffic() = default;

void CrossTraffic::start() {
  for (const auto& flow : flows_) {
    flow->wake_at = Timestamp{} + flow->config.start;
    ports_.wake_at(*flow->wake_at, flow->number);
  }
}

void CrossTraffic::wake(Timestamp now, std::uint32_t number) {
  Flow& flow = *flows_[number];
  if (flow.wake_at != now) return;  // a later one was replaced by an earlier one
  flow.wake_at.reset();
  if (flow.over(now)) return;
  if (flow.is_packets()) {
    send_packets(flow, now);
  } else {
    run_files(flow, now);
  }
  set_wake(flow);
}

void CrossTraffic::send_packets(Flow& flow, Timestamp now) {
  const auto next = [&] { return flow.cbr ? flow.cbr->next() : flow.poisson->next(); };
  if (!flow.next_packet) flow.next_packet = next();
  while (flow.next_packet->at <= now) {
    ++flow.report.packets_sent;
    ports_.send(now, parcel_of(flow, true, flow.next_packet->size));
    flow.next_packet = next();
  }
}

void CrossTraffic::run_files(Flow& flow, Timestamp now) {
  if (flow.sender) flow.sender->on_timer(now);
  if (flow.sender) {
    if (const auto ack = flow.receiver.on_timer(now)) {
      CrossParcel parcel = parcel_of(flow, false, wire_size(*ack));
      parcel.what = *ack;
      ports_.send(now, std::move(parcel));
    }
  }
  begin_file(flow, now);
  pump(flow, now);
}

// When none is under way and its time has come. A bulk transfer is a file without an end.
void CrossTraffic::begin_file(Flow& flow, Timestamp now) {
  if (flow.sender && !flow.sender->finished()) return;
  const bool bulk = flow.config.kind == Kind::tcp_newreno || flow.config.kind == Kind::tcp_cubic;
  if (flow.sender) {
    flow.count_current(flow.report);
    flow.counted_goodput = 0;
    flow.counted_sent = flow.counted_retransmissions = 0;
    flow.sender.reset();
    ++flow.file;
  }
  if (bulk) {
    const TcpKind kind = flow.config.kind == Kind::tcp_cubic ? TcpKind::cubic : TcpKind::newreno;
    flow.sender.emplace(kind);
    flow.receiver = TcpReceiver{};
    return;
  }
  if (!flow.next_file)
    flow.next_file = flow.on_off ? flow.on_off->next(now) : flow.office->next(now);
  if (flow.next_file->start > now) return;
  flow.sender.emplace(TcpKind::cubic, static_cast<std::uint64_t>(flow.next_file->size.count()));
  flow.receiver = TcpReceiver{};
  flow.next_file.reset();
}

void CrossTraffic::pump(Flow& flow, Timestamp now) {
  if (!flow.sender) return;
  while (const auto segment = flow.sender->poll(now)) {
    CrossParcel parcel = parcel_of(flow, true, wire_size(*segment));
    parcel.what = *segment;
    ports_.send(now, std::move(parcel));
  }
}

void CrossTraffic::arrive(Timestamp now, const CrossParcel& parcel) {
  Flow& flow = *flows_[parcel.flow];
  if (flow.is_packets()) {
    flow.report.goodput_bytes += parcel.size.count();
    return;
  }
  if (!flow.sender || parcel.file != flow.file || flow.over(now)) return;
  if (const auto* segment = std::get_if<TcpSegment>(&parcel.what)) {
    if (const auto ack = flow.receiver.on_segment(now, *segment)) {
      CrossParcel answer = parcel_of(flow, false, wire_size(*ack));
      answer.what = *ack;
      ports_.send(now, std::move(answer));
    }
  } else {
    flow.sender->on_ack(now, std::get<TcpAck>(parcel.what));
    begin_file(flow, now);
    pump(flow, now);
  }
  set_wake(flow);
}

void CrossTraffic::set_wake(Flow& flow) {
  std::optional<Timestamp> at;
  const auto earlier = [&at](std::optional<Timestamp> t) {
    if (t && (!at || *t < *at)) at = t;
  };
  if (flow.next_packet) earlier(flow.next_packet->at);
  if (flow.next_file) earlier(flow.next_file->start);
  if (flow.sender) {
    earlier(flow.sender->next_deadline());
    earlier(flow.receiver.next_deadline());
  }
  if (!at || (flow.wake_at && *flow.wake_at <= *at)) return;
  flow.wake_at = at;
  ports_.wake_at(*at, flow.number);
}

CrossParcel CrossTraffic::parcel_of(const Flow& flow, bool forward, ByteCount size) const {
  CrossParcel parcel;
  parcel.flow = flow.number;
  parcel.file = flow.file;
  parcel.member = flow.config.member;
  parcel.up = flow.config.up == forward;
  parcel.size = size;
  return parcel;
}

void CrossTraffic::reset_figures() {
  for (const auto& flow : flows_) {
    flow->report.goodput_bytes = 0;
    flow->report.packets_sent = flow->report.retransmissions = 0;
    if (!flow->sender) continue;
    flow->counted_goodput = flow->receiver.goodput().count();
    flow->counted_sent = flow->sender->figures().segments_sent;
    flow->counted_retransmissions = flow->sender->figures().retransmissions;
  }
}

std::vector<CrossReport> CrossTraffic::reports() const {
  std::vector<CrossReport> reports;
  for (const auto& flow : flows_) {
    reports.push_back(flow->report);
    flow->count_current(reports.back());
  }
  return reports;
}

}  // namespace diemcau::sim
