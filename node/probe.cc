// A probe is the check that bridges send each other anyway: a STUN request under the pair's MAC,
// answered by any running bridge with its two times. So nothing new listens, nobody can measure or
// be made to answer who is not in the roster, and no media path is touched: the prober holds no
// DTLS link and is no member of the meeting. It speaks from the bridge's own port, through the same
// firewall, while that bridge is not running.
#include "node/probe.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/wire/demux.h"
#include "core/wire/stun.h"
#include "node/address.h"
#include "node/clock.h"
#include "node/keys.h"
#include "node/probe_fit.h"
#include "node/probe_ledger.h"
#include "node/roster.h"
#include "node/run_parts.h"
#include "node/secure/pair_mac.h"
#include "node/udp_port.h"

namespace diemcau::node {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kPace{10};        // 100 a second, never more
constexpr std::chrono::milliseconds kSearchPace{50};  // as a bridge looks for another
constexpr std::size_t kSearches = 100;                // 5 s
constexpr std::size_t kLastProbes = 300;  // 3 s after the measured ones, to learn their fate

template <typename T>
T random_bytes() {
  T value{};
  if (::getrandom(&value, sizeof value, 0) != sizeof value) std::abort();  // never on Linux ≥ 3.17
  return value;
}

struct Pair {
  PrivateKey key;
  std::vector<RosterBridge> sorted;
  PeerId self, peer;
};

Pair find_pair(const Config& config, const std::string& peer) {
  const Roster roster = load_roster(config.roster);
  require_bridges(roster, config.roster);
  Pair pair{PrivateKey::load(config.key), by_id(roster), {}, {}};
  pair.self = find_self(pair.sorted, config.id, pair.key.public_key());
  std::uint16_t index = 0;
  while (index < pair.sorted.size() && pair.sorted[index].id != peer) ++index;
  if (index == pair.sorted.size()) fail<Text::probe_no_such_bridge>(config.roster.string(), peer);
  pair.peer = PeerId{index};
  if (pair.peer == pair.self) fail<Text::probe_ourselves>(peer);
  if (pair.sorted[index].addresses.empty())
    fail<Text::probe_no_address>(config.roster.string(), peer);
  return pair;
}

// Searches at all addresses of the roster; measures at the one that answered first.
class Measurement {
 public:
  enum class End : std::uint8_t { measured, no_answer, too_old };

  Measurement(const Config& config, const ProbeOptions& options, const Pair& pair)
      : pair_(pair),
        count_(static_cast<std::size_t>(options.seconds) * (std::chrono::seconds(1) / kPace)),
        progress_(!options.json && ::isatty(STDERR_FILENO) != 0),
        mac_(pair.key, pair.sorted, pair.self),
        port_(open_port(io_, packets_, config)),
        username_(peer().id + ":" + pair.sorted[pair.self.value].id) {}

  End run() {
    asio::signal_set signals(io_, SIGINT, SIGTERM);
    signals.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) finish(End::measured);
    });
    port_->start(
        [this](Endpoint from, Timestamp at, PacketRef packet) { arrived(from, at, *packet); },
        [] {});
    timer_.expires_after(std::chrono::milliseconds(0));
    wait();
    io_.run();
    if (progress_) fmt::print(stderr, "\r\033[K");
    if (end_ == End::measured && !found_) return End::no_answer;
    return end_;
  }
  const ProbeLedger& ledger() const { return ledger_; }
  std::size_t count() const { return count_; }

 private:
  const RosterBridge& peer() const { return pair_.sorted[pair_.peer.value]; }

  void wait() {
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
  }
  void finish(End end) {
    end_ = end;
    count_ = std::min(count_, ledger_.records().size());
    port_->close();
    io_.stop();
  }
  void tick() {
    const std::size_t sent = ledger_.records().size();
    if (!found_) {
      if (searches_++ == kSearches) return finish(heard_ ? End::too_old : End::no_answer);
      for (const Endpoint& address : peer().addresses) probe(address);
    } else {
      if (sent >= count_ && (ledger_.settled(count_) || sent >= count_ + kLastProbes))
        return finish(End::measured);
      probe(*found_);
      if (progress_ && sent % 100 == 0)
        fmt::print(stderr, "\r{} s / {} s ", sent / 100, count_ / 100);
    }
    // A timer that was late does not make up for it: what is sent in a bunch measures itself.
    const auto pace = found_ ? kPace : kSearchPace;
    const auto next = timer_.expiry() + pace;
    const auto now = std::chrono::steady_clock::now();
    timer_.expires_at(next > now ? next : now + pace);
    wait();
  }
  void probe(const Endpoint& to) {
    wire::StunMessage m;
    m.transaction = random_bytes<wire::TransactionId>();
    m.username = username_;
    m.session_id = session_;
    const Timestamp now = monotonic_now();
    m.probe = ledger_.sent(now, m.transaction);
    std::array<std::uint8_t, wire::kMaxStunBytes> buffer;
    ByteWriter out(buffer);
    wire::write_stun(out, m, [this](ByteSpan covered) { return mac_.mac(pair_.peer, covered); });
    port_->send(to, out.written());
  }
  void arrived(const Endpoint& from, Timestamp at, const Packet& packet) {
    if (wire::demux(packet.bytes()) != wire::DatagramKind::stun) return;
    const auto m = wire::parse_stun(packet.bytes());
    if (!m || m->message_class != wire::StunClass::success) return;
    const auto mac = [this](ByteSpan covered) { return mac_.mac(pair_.peer, covered); };
    if (!wire::verify_stun(packet.bytes(), *m, mac)) return;
    heard_ = true;
    if (!m->clock || !m->probe || !ledger_.answered(at, m->transaction, *m->clock, *m->probe))
      return;
    if (found_) return;
    // From here on it counts.
    found_ = from;
    session_ = random_bytes<std::uint64_t>();
    ledger_ = ProbeLedger{};
  }

  const Pair& pair_;
  std::size_t count_;
  bool progress_;
  PacketPool packets_;
  asio::io_context io_{1};
  asio::steady_timer timer_{io_};
  secure::StaticPairMac mac_;
  std::unique_ptr<UdpPort> port_;
  std::string username_;
  std::uint64_t session_ = random_bytes<std::uint64_t>();
  ProbeLedger ledger_;
  std::optional<Endpoint> found_;
  bool heard_ = false;
  std::size_t searches_ = 0;
  End end_ = End::no_answer;
};

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) fail<Text::file_unwritable>(path.string(), std::strerror(errno));
}

nlohmann::ordered_json json_of(const ProbeFigures& f) {
  nlohmann::ordered_json j{{"packets", f.packets}, {"loss_ratio", f.loss_ratio}};
  if (f.loss_ratio < 1) {
    j["delay_ms"] = {{"min", to_ms_double(f.least)},
                     {"p50", to_ms_double(f.median)},
                     {"p95", to_ms_double(f.p95)}};
  }
  return j;
}

std::string line(Language l, const std::string& from, const std::string& to,
                 const ProbeFigures& f) {
  return say<Text::probe_line>(l, from, to, f.packets, 100 * f.loss_ratio, to_ms_double(f.least),
                               to_ms_double(f.median), to_ms_double(f.p95));
}

void report(const Config& config, const ProbeOptions& o, const ProbeTraces& traces, Language l) {
  const ProbeFigures to_us = figures_of(traces.to_us), to_peer = figures_of(traces.to_peer);
  const std::string other = other_direction(o.out).string();
  if (o.json) {
    const nlohmann::ordered_json j{{"schema", 1},
                                   {"peer", o.peer},
                                   {"drift_ppm", traces.drift_ppm},
                                   {"unknown", traces.unknown},
                                   {"to_us", json_of(to_us)},
                                   {"to_peer", json_of(to_peer)},
                                   {"files", {o.out.string(), other}}};
    fmt::print("{}\n", j.dump(1));
    return;
  }
  fmt::print("{}\n{}\n{}\n{}\n", line(l, o.peer, config.id, to_us),
             line(l, config.id, o.peer, to_peer),
             say<Text::probe_clock>(l, traces.drift_ppm, traces.unknown),
             say<Text::probe_files>(l, o.out.string(), other));
}

}  // namespace

std::filesystem::path other_direction(const std::filesystem::path& out) {
  std::filesystem::path other = out;
  other.replace_filename(out.stem().string() + "-to-peer" + out.extension().string());
  return other;
}

int run_probe(const Config& config, const ProbeOptions& options, Language language) {
  const Pair pair = find_pair(config, options.peer);
  Measurement measurement(config, options, pair);
  const auto end = measurement.run();
  const auto traces = fit_probes(measurement.ledger().records(), measurement.count());
  const RosterBridge& peer = pair.sorted[pair.peer.value];
  if (end != Measurement::End::measured || !traces) {
    std::string where = text_of(peer.addresses.front());
    for (std::size_t i = 1; i < peer.addresses.size(); ++i)
      where += ", " + text_of(peer.addresses[i]);
    fmt::print(stderr, "diemcau-node: {}\n",
               end == Measurement::End::too_old
                   ? say<Text::probe_too_old>(language, peer.id)
                   : say<Text::probe_no_answer>(language, peer.id, where));
    return 1;
  }
  write(options.out, probe_csv(traces->to_us));
  write(other_direction(options.out), probe_csv(traces->to_peer));
  report(config, options, *traces, language);
  return 0;
}

}  // namespace diemcau::node
