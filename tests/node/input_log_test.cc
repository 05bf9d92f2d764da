// Reads the log of a real meeting with a reader of its own and plays it into a fresh bridge.
#include "node/input_log.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <deque>
#include <fstream>
#include <iterator>
#include <sstream>

#include "codecs/generated_source.h"
#include "node/core_loop.h"
#include "node/keys.h"
#include "node/player.h"
#include "node/roster.h"
#include "node/secure/identity.h"
#include "node/secure/pair_mac.h"
#include "tests/node/scratch_dir.h"

namespace diemcau::node {
namespace {

using Bytes = std::vector<std::uint8_t>;

// ------------------------------------------------------------------ the log

struct Record {
  char type = 0;
  Bytes bytes;
};

std::uint64_t little(ByteSpan bytes, std::size_t at, std::size_t count) {
  std::uint64_t v = 0;
  for (std::size_t i = count; i-- > 0;) v = v << 8 | bytes[at + i];
  return v;
}

std::vector<Record> read_log(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const Bytes all{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(std::string(all.begin(), all.begin() + 8) == "DCINPUT1");
  std::vector<Record> records;
  for (std::size_t at = 8; at < all.size();) {
    REQUIRE(at + 5 <= all.size());
    const std::size_t length = little(all, at + 1, 4);
    REQUIRE(at + 5 + length <= all.size());
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at + 5);
    records.push_back(
        {static_cast<char>(all[at]), Bytes(begin, begin + static_cast<std::ptrdiff_t>(length))});
    at += 5 + length;
  }
  return records;
}

std::optional<Layer> layer_named(const std::string& name) {
  if (name == "none") return std::nullopt;
  return name == "hi" ? Layer::hi : name == "mid" ? Layer::mid : Layer::lo;
}

Endpoint endpoint_of(const std::string& text) {
  Endpoint e;
  for (std::size_t i = 0; i < e.ip.size(); ++i) {
    e.ip[i] = static_cast<std::uint8_t>(std::stoul(text.substr(2 * i, 2), nullptr, 16));
  }
  e.port = static_cast<std::uint16_t>(std::stoul(text.substr(33)));
  return e;
}

mesh::BridgeConfig config_of(const Bytes& bytes) {
  mesh::BridgeConfig c;
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, value, role;
    words >> key >> value;
    const auto rate = [&value] { return Bitrate::bps(std::stoll(value)); };
    if (key == "self") c.self = PeerId{static_cast<std::uint16_t>(std::stoul(value))};
    if (key == "seed") c.seed = std::stoull(value);
    if (key == "records") c.records = value == "1";
    if (key == "small") c.tiles.small = layer_named(value);
    if (key == "large") c.tiles.large = layer_named(value);
    if (key == "central") c.tiles.central = layer_named(value);
    if (key == "uplink") c.uplink = rate();
    if (key == "hi") c.rates.hi = rate();
    if (key == "mid") c.rates.mid = rate();
    if (key == "lo") c.rates.lo = rate();
    if (key == "audio") c.rates.audio = rate();
    if (key == "document") {
      c.document_rates.hi = rate();
      c.document_rates.mid = std::min(c.document_rates.mid, rate());
    }
    if (key != "bridge") continue;
    words >> role;
    mesh::RosterEntry entry;
    entry.id = value;
    entry.role = role == "central" ? mesh::Role::central : mesh::Role::member;
    for (std::string address; words >> address;) entry.addresses.push_back(endpoint_of(address));
    c.roster.push_back(entry);
  }
  return c;
}

// ------------------------------------------------------- words back to inputs

// The fields of one input in the order of their declaration (core/mesh/trace.h).
class Fields {
 public:
  explicit Fields(const Bytes& record) : record_(record) {
    const std::size_t count = little(record, 0, 4);
    for (std::size_t i = 0; i < count; ++i) words_.push_back(little(record, 4 + 8 * i, 8));
    body_at_ = 4 + 8 * count;
    now = time();
    word();  // the bridge
    kind = word() - mesh::kFirstInputKind;
  }
  Timestamp now;
  std::uint64_t kind = 0;

  std::uint64_t word() { return words_.at(next_++); }
  template <typename T>
  T as() {
    return static_cast<T>(word());
  }
  Timestamp time() { return timestamp_from_ns(as<std::int64_t>()); }
  Duration duration() { return Duration{as<std::int64_t>()}; }
  PeerId peer() { return PeerId{as<std::uint16_t>()}; }
  StreamId stream() {
    const PeerId origin = peer();
    const auto source = as<Source>();
    return {origin, source, as<Layer>()};
  }
  Endpoint endpoint() {
    Endpoint e;
    for (std::size_t half = 0; half < 2; ++half) {
      const std::uint64_t v = word();
      for (std::size_t i = 0; i < 8; ++i) {
        e.ip[8 * half + i] = static_cast<std::uint8_t>(v >> (8 * (7 - i)));
      }
    }
    e.port = as<std::uint16_t>();
    return e;
  }
  ByteSpan body() const { return ByteSpan(record_).subspan(body_at_); }
  void end() const { REQUIRE(next_ == words_.size()); }

 private:
  const Bytes& record_;
  std::vector<std::uint64_t> words_;
  std::size_t next_ = 0;
  std::size_t body_at_ = 0;
};

PacketRef packet_of(Fields& f, PacketPool& packets) {
  const ByteSpan body = f.body();
  REQUIRE(f.word() == body.size());
  PacketRef packet = packets.take();
  std::copy(body.begin(), body.end(), packet->data());
  packet->set_size(body.size());
  return packet;
}

mesh::PacketArrived arrived_of(Fields& f, PacketPool& packets) {
  mesh::PacketArrived p;
  p.path = PathId{f.as<std::uint16_t>()};
  p.kind = f.as<mesh::PacketKind>();
  p.received_at = f.time();
  p.packet = packet_of(f, packets);
  return p;
}

mesh::StrangerArrived stranger_of(Fields& f, PacketPool& packets) {
  mesh::StrangerArrived s;
  s.uplink = f.as<std::uint8_t>();
  s.from = f.endpoint();
  s.received_at = f.time();
  s.packet = packet_of(f, packets);
  return s;
}

mesh::VideoEncoded video_of(Fields& f, std::vector<mesh::NalUnit>& nals) {
  mesh::VideoEncoded v;
  v.source = f.as<Source>();
  v.layer = f.as<Layer>();
  v.captured_at = f.time();
  v.frame_number = f.as<std::uint32_t>();
  v.newest_needed = f.as<std::uint32_t>();
  v.oldest_needed = f.as<std::uint32_t>();
  v.temporal_id = f.as<std::uint8_t>();
  v.key = f.word() != 0;
  nals.resize(f.as<std::size_t>());
  std::size_t at = 0;
  for (mesh::NalUnit& nal : nals) {
    nal.size = f.as<std::uint32_t>();
    REQUIRE(little(f.body(), at, 4) == nal.size);
    nal.data = f.body().data() + at + 4;
    at += 4 + nal.size;
  }
  v.nals = nals;
  return v;
}

mesh::AudioPlayed played_of(Fields& f) {
  mesh::AudioPlayed p;
  p.origin = f.peer();
  p.action = f.as<mesh::AudioAction>();
  p.samples = f.as<std::uint32_t>();
  p.plays_at = f.time();
  if (f.word() != 0) p.captured_at = f.time();
  return p;
}

// What it points to lives in the record and in `nals`.
mesh::Input input_of(Fields& f, PacketPool& packets, std::vector<mesh::NalUnit>& nals) {
  switch (f.kind) {
    case 0: return arrived_of(f, packets);
    case 1: return stranger_of(f, packets);
    case 2: {
      mesh::AudioEncoded a;
      a.captured_at = f.time();
      a.level_dbov = f.as<std::uint8_t>();
      a.voice = f.word() != 0;
      a.samples = f.as<std::uint32_t>();
      a.length = f.as<std::uint32_t>();
      a.bytes = f.body();
      return a;
    }
    case 3: return video_of(f, nals);
    case 4: {
      const PeerId origin = f.peer();
      return mesh::AudioWanted{origin, f.as<std::uint32_t>()};
    }
    case 5: return played_of(f);
    case 6: {
      const StreamId stream = f.stream();
      const auto number = f.as<std::uint32_t>();
      const bool ok = f.word() != 0;
      return mesh::FrameDecoded{stream, number, ok, f.duration()};
    }
    case 7: {
      const StreamId stream = f.stream();
      const auto number = f.as<std::uint32_t>();
      return mesh::FrameShown{stream, number, f.time()};
    }
    case 8:
      if (f.word() == 2) return mesh::Command{mesh::RequestKey{f.stream()}};
      return mesh::Command{mesh::Leave{}};
    case 9: {
      mesh::LocalStatus s;
      s.microphone = f.word() != 0;
      s.camera = f.word() != 0;
      s.document = f.word() != 0;
      return s;
    }
    case 10: {
      const auto ntp = NtpTime::from_raw(f.word());
      return mesh::WallClock{ntp, f.duration()};
    }
    case 11: return mesh::TimePassed{};
    default: break;
  }
  FAIL("an input of a kind that this reader does not know");
  return mesh::TimePassed{};
}

// ------------------------------------------------ crypto that only remembers

struct Answers {
  std::deque<Bytes> macs, handshakes;
};

class RememberedMac : public mesh::PairMac {
 public:
  explicit RememberedMac(Answers& answers) : answers_(answers) {}
  std::array<std::uint8_t, 32> mac(PeerId, ByteSpan) override {
    REQUIRE_FALSE(answers_.macs.empty());
    std::array<std::uint8_t, 32> out{};
    std::copy(answers_.macs.front().begin(), answers_.macs.front().end(), out.begin());
    answers_.macs.pop_front();
    return out;
  }

 private:
  Answers& answers_;
};

class RememberedHandshake : public mesh::Handshake {
 public:
  explicit RememberedHandshake(Answers& answers) : answers_(answers) {}
  void start() override {}
  void handle(ByteSpan) override {}
  std::vector<Bytes> poll_flight() override {
    REQUIRE_FALSE(answers_.handshakes.empty());
    const Bytes answer = answers_.handshakes.front();
    answers_.handshakes.pop_front();
    state_ = static_cast<mesh::HandshakeState>(answer.at(0));
    std::vector<Bytes> flight;
    for (std::size_t at = 1; at < answer.size();) {
      const std::size_t length = little(answer, at, 2);
      const auto begin = answer.begin() + static_cast<std::ptrdiff_t>(at + 2);
      flight.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(length));
      at += 2 + length;
    }
    return flight;
  }
  mesh::HandshakeState state() const override { return state_; }

 private:
  Answers& answers_;
  mesh::HandshakeState state_ = mesh::HandshakeState::running;
};

class RememberedHandshakes : public mesh::HandshakeFactory {
 public:
  explicit RememberedHandshakes(Answers& answers) : answers_(answers) {}
  std::unique_ptr<mesh::Handshake> make(PeerId, mesh::HandshakeRole) override {
    return std::make_unique<RememberedHandshake>(answers_);
  }
  void forget(PeerId) override {}

 private:
  Answers& answers_;
};

struct Replay {
  std::size_t inputs = 0, videos = 0, rtp = 0, wrong = 0;
  Answers left;
};

// Plays a log into a new bridge; counts the inputs after which its outputs are not those of the
// meeting.
Replay replay(const std::vector<Record>& records, std::uint64_t seed_change = 0) {
  Replay result;
  Answers answers;
  for (const Record& r : records) {
    if (r.type == 'M') answers.macs.push_back(r.bytes);
    if (r.type == 'H') answers.handshakes.push_back(r.bytes);
  }
  REQUIRE(records.at(0).type == 'C');
  mesh::BridgeConfig config = config_of(records[0].bytes);
  config.seed += seed_change;
  PacketPool packets;
  FramePool frames;
  RememberedMac mac(answers);
  RememberedHandshakes handshakes(answers);
  mesh::Bridge bridge(config, {packets, frames, mac, handshakes});
  OutputDigest digest;
  std::vector<mesh::NalUnit> nals;
  for (const Record& r : records) {
    if (r.type == 'I') {
      Fields fields(r.bytes);
      mesh::Input input = input_of(fields, packets, nals);
      fields.end();
      ++result.inputs;
      result.videos += fields.kind == 3 ? 1U : 0U;
      const auto* arrived = std::get_if<mesh::PacketArrived>(&input);
      result.rtp += arrived != nullptr && arrived->kind == mesh::PacketKind::rtp ? 1U : 0U;
      bridge.handle(fields.now, std::move(input));
      while (auto out = bridge.poll()) digest.add(fields.now, *out);
    } else if (r.type == 'O') {
      result.wrong += little(r.bytes, 0, 8) != digest.value() ? 1U : 0U;
    }
  }
  result.left = std::move(answers);
  return result;
}

// ------------------------------------------------------------- the meeting

struct Port {
  explicit Port(boost::asio::io_context& io) : udp(io, packets, Endpoint::v4(0x7F00'0001, 0)) {}
  PacketPool packets;
  UdpPort udp;
};

// One bridge of the meeting on loopback: real sockets, keys, DTLS and encoders; its log.
struct Node {
  Node(boost::asio::io_context& io, const std::vector<RosterBridge>& roster, const PrivateKey& key,
       Port& port, std::size_t index, const std::filesystem::path& dir)
      : self{static_cast<std::uint16_t>(index)},
        real_mac(key, roster, self),
        security(secure::Identity(key), roster),
        log_path(dir / (roster[index].id + ".log")),
        log(std::make_unique<InputLog>(log_path, 1U << 30)),
        mac(real_mac, *log),
        handshakes(security, *log) {
    mesh::BridgeConfig config;
    config.roster = mesh_roster(roster);
    config.self = self;
    config.records = index == 0;
    config.seed = 99 + index;
    log->config(config);
    CoreLoop::Parts parts{port.packets, frames, port.udp, security, mac, handshakes};
    parts.witness = log.get();
    loop = std::make_unique<CoreLoop>(io, config, std::move(parts));
    PlayerConfig player_config;
    player_config.peers = roster.size();
    player_config.post = [this](mesh::Input in) { loop->post(std::move(in)); };
    player = std::make_unique<Player>(std::move(player_config));
    loop->parts().player = player.get();
    EncoderThreadConfig encoder_config;
    encoder_config.self = self;
    encoder_config.post_video = [this](EncodedVideo v) { loop->post_video(std::move(v)); };
    encoder_config.post_audio = [this](EncodedAudio a) { loop->post_audio(std::move(a)); };
    codecs::GeneratedSettings camera;
    camera.index = self.value;
    camera.width = 320;
    camera.height = 180;
    encoder = std::make_unique<EncoderThread>(std::move(encoder_config),
                                              codecs::make_generated_source(camera));
    loop->parts().encoder = encoder.get();
  }
  PeerId self;
  FramePool frames;
  secure::StaticPairMac real_mac;
  secure::TransportSecurity security;
  std::filesystem::path log_path;
  std::unique_ptr<InputLog> log;
  LoggedPairMac mac;
  LoggedHandshakes handshakes;
  std::unique_ptr<CoreLoop> loop;
  std::unique_ptr<Player> player;
  std::unique_ptr<EncoderThread> encoder;
};

// Logs of a meeting of two bridges of two seconds, with goodbyes.
std::vector<std::filesystem::path> hold_meeting(const std::filesystem::path& dir) {
  boost::asio::io_context io{1};
  std::vector<PrivateKey> keys;
  std::vector<RosterBridge> roster;
  std::vector<std::unique_ptr<Port>> ports;
  for (std::size_t i = 0; i < 2; ++i) {
    keys.push_back(PrivateKey::generate());
    ports.push_back(std::make_unique<Port>(io));
    roster.push_back({"b" + std::to_string(i),
                      "Điểm cầu",
                      i == 0 ? mesh::Role::central : mesh::Role::member,
                      {Endpoint::v4(0x7F00'0001, ports[i]->udp.port())},
                      keys[i].public_key()});
  }
  std::vector<std::unique_ptr<Node>> nodes;
  for (std::size_t i = 0; i < 2; ++i) {
    nodes.push_back(std::make_unique<Node>(io, roster, keys[i], *ports[i], i, dir));
  }
  for (auto& n : nodes) n->loop->start({true, true, false});
  io.run_for(std::chrono::seconds(2));
  for (auto& n : nodes) {
    n->encoder->stop();
    n->player->stop();
  }
  for (auto& n : nodes) n->loop->leave();
  io.run_for(std::chrono::milliseconds(100));
  std::vector<std::filesystem::path> logs;
  for (auto& n : nodes) {
    logs.push_back(n->log_path);
    REQUIRE_FALSE(n->log->full());
  }
  for (auto& p : ports) p->udp.close();
  io.run_for(std::chrono::milliseconds(10));
  return logs;
}

}  // namespace

TEST_CASE("the log of a real meeting replays to the same outputs, byte for byte", "[node]") {
  const ScratchDir dir;
  for (const auto& path : hold_meeting(dir.path())) {
    CAPTURE(path);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    const std::vector<Record> records = read_log(path);
    const Replay same = replay(records);
    CHECK(same.wrong == 0);
    CHECK(same.inputs ==
          static_cast<std::size_t>(std::count_if(records.begin(), records.end(),
                                                 [](const Record& r) { return r.type == 'O'; })));
    CHECK(same.left.macs.empty());
    CHECK(same.left.handshakes.empty());
    // It was a meeting: pictures were encoded, media of the other came in.
    CHECK(same.videos > 10);
    CHECK(same.rtp > 50);
  }
}

TEST_CASE("a replay notices one changed input", "[node]") {
  const ScratchDir dir;
  std::vector<Record> records = read_log(hold_meeting(dir.path()).at(0));
  // The last encoded sound but a few: its first byte.
  auto sound = std::find_if(records.rbegin() + 200, records.rend(), [](const Record& r) {
    return r.type == 'I' && Fields(r.bytes).kind == 2;
  });
  REQUIRE(sound != records.rend());
  sound->bytes[sound->bytes.size() - 1] ^= 1;
  CHECK(replay(records).wrong > 0);
}

}  // namespace diemcau::node
