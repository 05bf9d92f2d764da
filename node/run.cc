// Puts one bridge together, runs it until it is told to leave, and takes it apart in the order in
// which nothing is lost.
#include "node/run.h"

#include <fmt/core.h>
#include <sys/random.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "node/address.h"
#include "node/catalogue.h"
#include "node/clock.h"
#include "node/control_message.h"
#include "node/control_socket.h"
#include "node/core_loop.h"
#include "node/document_desk.h"
#include "node/encoder_thread.h"
#include "node/event_line.h"
#include "node/grid.h"
#include "node/input_log.h"
#include "node/log_line.h"
#include "node/media_sources.h"
#include "node/metrics.h"
#include "node/player.h"
#include "node/recorder.h"
#include "node/roster.h"
#include "node/run_parts.h"
#include "node/secure/identity.h"
#include "node/secure/pair_mac.h"
#include "node/secure/transport_security.h"
#include "node/sink.h"
#include "node/summary.h"
#include "node/thread_rank.h"
#include "node/udp_port.h"

namespace diemcau::node {

namespace asio = boost::asio;

namespace {
// An hour of eleven bridges: 4 Mbit/s in each direction of media.
constexpr std::uint64_t kInputLogBytes = 8ULL << 30;

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) std::abort();  // never on Linux ≥ 3.17
  return seed;
}

Arrangement arrangement_of(const Config& config, mesh::Role role) {
  const bool central = role == mesh::Role::central;
  return config.sink.layout.value_or(central ? Arrangement::speaker : Arrangement::alike);
}

mesh::BridgeConfig bridge_config(const Config& config, const std::vector<RosterBridge>& sorted,
                                 PeerId self) {
  mesh::BridgeConfig c;
  c.roster = mesh_roster(sorted);
  c.self = self;
  c.rates = config.rates;
  c.document_rates = config.document_rates;
  if (config.uplink) c.uplink = *config.uplink;
  c.records = config.record.enabled.value_or(sorted[self.value].role == mesh::Role::central);
  const GridConfig screen;
  c.tiles = TileLayout(arrangement_of(config, sorted[self.value].role), sorted.size(), screen.width,
                       screen.height)
                .layers();
  c.seed = random_seed();
  return c;
}

// Everything of one bridge, in the order of construction; taken apart in close().
class RunningBridge {
 public:
  RunningBridge(const Config& config, const RunOptions& options)
      : config_(config),
        language_(config.language.value_or(language_of_environment())),
        key_(PrivateKey::load(config.key)),
        sorted_(by_id(load_checked(config))),
        self_(find_self(sorted_, config.id, key_.public_key())),
        bridge_config_(bridge_config(config, sorted_, self_)),
        pair_mac_(key_, sorted_, self_),
        security_(secure::Identity(key_), sorted_),
        port_(open_port(io_, packets_, config)) {
    for (const RosterBridge& b : sorted_) {
      ids_.push_back(b.id);
      names_.push_back(b.name);
    }
    auto source = make_source(config.media, self_);
    status_.camera = source && source->has_video();
    status_.microphone = source && source->has_audio();
    make_recorder();
    if (!config_.metrics_listen.empty()) metrics_ = open_metrics(config_);
    make_stages();
    make_loop(options);
    make_media(std::move(source));
    make_document();
  }

  int run(const RunOptions& options) {
    asio::signal_set signals(io_, SIGINT, SIGTERM);
    // Under nohup a meeting outlives its terminal.
    if (std::signal(SIGHUP, SIG_IGN) != SIG_IGN) signals.add(SIGHUP);
    signals.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) leave();
    });
    asio::steady_timer limit(io_);
    if (options.seconds) {
      limit.expires_after(std::chrono::seconds(*options.seconds));
      limit.async_wait([this](const boost::system::error_code& error) {
        if (!error) leave();
      });
    }
    take_rank(ThreadRank::sound, "diemcau-node");
    open_control();
    started_at_ = monotonic_now();
    began_ = utc_text(utc_at(started_at_));
    loop_->start(status_);
    if (config_.listen.is_v4()) {
      for (const std::string& name : names_only_over_ipv6(sorted_, self_))
        log_line(say<Text::unreachable_family>(language_, name, text_of(config_.listen),
                                               config_.file.string()));
    }
    log_line(say<Text::started>(language_, config_.id, sorted_[self_.value].name,
                                text_of(config_.listen)));
    tick();
    io_.run();
    // The record first: a thread that hangs on a film's stick must not keep it open.
    std::vector<RecordPart> recordings;
    if (recorder_) recordings = recorder_->close();
    // What hangs from here on may be ended by another. A terminal that closes says so twice.
    signals.remove(SIGINT);
    signals.remove(SIGTERM);
    close(options, std::move(recordings));
    return 0;
  }

 private:
  static Roster load_checked(const Config& config) {
    Roster roster = load_roster(config.roster);
    require_bridges(roster, config.roster);
    return roster;
  }
  void make_stages() {
    if (config_.sink.dir) {
      sink_ = std::make_unique<Sink>(
          SinkConfig{*config_.sink.dir, ids_, self_, config_.sink.width, config_.sink.height});
      stages_.push_back(sink_.get());
    }
    if (config_.sink.grid || config_.sink.mix) {
      GridConfig grid;
      if (config_.sink.grid) grid.grid = *config_.sink.grid;
      if (config_.sink.mix) grid.mix = *config_.sink.mix;
      grid.names = names_;
      grid.self = self_;
      grid.arrangement = arrangement_of(config_, sorted_[self_.value].role);
      grid.waiting_text = say<Text::tile_waiting>(Language::vi);
      grid.lost_text = say<Text::tile_lost>(Language::vi);
      grid.document_text = say<Text::tile_document>(Language::vi);
      grid.on_alarm = [this](const std::filesystem::path& file) {
        log_line(say<Text::file_trouble>(language_, file.string()));
      };
      grid_ = std::make_unique<Grid>(std::move(grid));
      stages_.push_back(grid_.get());
    }
  }
  void make_recorder() {
    if (!bridge_config_.records) return;
    recorder_ = std::make_unique<Recorder>(recorder_config(
        config_, language_, ids_,
        [this](const StreamId& stream) { loop_->post(mesh::Command{mesh::RequestKey{stream}}); }));
  }
  void make_loop(const RunOptions& options) {
    mesh::PairMac* mac = &pair_mac_;
    mesh::HandshakeFactory* handshakes = &security_;
    if (options.input_log) {
      log_ = std::make_unique<InputLog>(*options.input_log, kInputLogBytes);
      log_->config(bridge_config_);
      logged_mac_ = std::make_unique<LoggedPairMac>(pair_mac_, *log_);
      logged_handshakes_ = std::make_unique<LoggedHandshakes>(security_, *log_);
      mac = logged_mac_.get();
      handshakes = logged_handshakes_.get();
    }
    CoreLoop::Parts parts{packets_, frames_, *port_, security_, *mac, *handshakes};
    parts.witness = log_.get();
    parts.recorder = recorder_.get();
    parts.on_event = [this](const mesh::Event& event) { tell(event); };
    loop_ = std::make_unique<CoreLoop>(io_, bridge_config_, std::move(parts));
  }
  void make_media(std::unique_ptr<codecs::MediaSource> source) {
    PlayerConfig player;
    player.peers = sorted_.size();
    player.post = [this](mesh::Input input) { loop_->post(std::move(input)); };
    player.stages = stages_;
    player_ = std::make_unique<Player>(std::move(player));
    loop_->parts().player = player_.get();
    if (!source) return;
    EncoderThreadConfig encoder;
    encoder.self = self_;
    encoder.audio_rate = config_.rates.audio;
    encoder.post_video = [this](EncodedVideo frame) { loop_->post_video(std::move(frame)); };
    encoder.post_audio = [this](EncodedAudio frame) { loop_->post_audio(std::move(frame)); };
    encoder.on_end = [this] {
      asio::post(io_, [this] {
        log_line(say<Text::media_ended>(language_));
        status_.camera = status_.microphone = false;
        loop_->step(status_);
      });
    };
    if (grid_) encoder.previews.push_back(grid_.get());
    encoder_ = std::make_unique<EncoderThread>(std::move(encoder), std::move(source));
    loop_->parts().encoder = encoder_.get();
  }

  void make_document() {
    DocumentDesk::Config desk;
    desk.thread.self = self_;
    desk.thread.post_video = [this](EncodedVideo frame) { loop_->post_video(std::move(frame)); };
    if (grid_) desk.thread.previews.push_back(grid_.get());
    desk.media = config_.media;
    desk.tell = [this](bool shown) {
      asio::post(io_, [this, shown] {
        set_document(shown);
        loop_->step(status_);
      });
    };
    document_ = std::make_unique<DocumentDesk>(std::move(desk));
    if (document_->begin()) set_document(true);
    loop_->parts().document = document_.get();
  }
  void set_document(bool shown) {
    status_.document = shown;
    if (grid_) grid_->on_document(self_, shown);
    const std::string& name = names_[self_.value];
    log_line(shown ? say<Text::document_shown>(language_, name)
                   : say<Text::document_put_away>(language_, name));
  }
  // A meeting without commands is better than none.
  void open_control() {
    const auto path = ControlSocket::path_in(config_.data_dir);
    try {
      control_ = std::make_unique<ControlSocket>(path, [this](std::string_view line) {
        const auto request = parse_control_request(line);
        if (request) return text_of(document_->answer(*request));
        return text_of(ControlAnswer{false, false, {}, sentence<Text::control_unknown>()});
      });
    } catch (const std::system_error& error) {
      log_line(say<Text::control_unusable>(language_, path.string(), error.code().message()));
    }
  }

  void tell(const mesh::Event& event) {
    const auto line = event_line(language_, names_[event.peer.value], event);
    if (line) log_line(*line);
  }

  MetricsSnapshot snapshot() {
    MetricsSnapshot s;
    s.report = loop_->bridge().report(monotonic_now());
    s.bridge_ids = ids_;
    s.self = self_;
    if (recorder_) s.recorder = recorder_->figures();
    if (encoder_) {
      const EncoderFigures f = encoder_->figures();
      s.audio_encode = f.audio_encode;
      s.video_encode = f.video_encode;
      s.late_encodes = f.late_encodes;
      s.effort = f.effort;
    }
    s.document_encode = document_->figures().encode;
    const PlayerFigures p = player_->figures();
    s.audio_decode = p.audio_decode;
    s.underrun_samples = p.underrun_samples;
    s.video_decode = p.video_decode;
    for (const auto& [place, count] : queue_drops()) s.queue_drops += count;
    std::copy(loop_->dropped().begin(), loop_->dropped().end(), std::begin(s.dropped));
    return s;
  }
  std::vector<std::pair<std::string, std::uint64_t>> queue_drops() {
    std::vector<std::pair<std::string, std::uint64_t>> drops;
    drops.emplace_back("player", player_->figures().dropped);
    if (sink_) drops.emplace_back("sink", sink_->figures().dropped);
    if (grid_) drops.emplace_back("grid", grid_->figures().dropped);
    if (recorder_) drops.emplace_back("recorder", recorder_->figures().dropped);
    drops.emplace_back("udp_send", port_->send_failures());
    drops.emplace_back("udp_oversized", port_->oversized());
    return drops;
  }
  void tick() {
    if (metrics_) metrics_->publish(snapshot());
    ticker_.expires_after(std::chrono::seconds(1));
    ticker_.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
  }

  void leave() {
    if (leaving_) return;
    leaving_ = true;
    log_line(say<Text::leaving>(language_));
    loop_->leave();
    ended_at_ = monotonic_now();
    if (metrics_) metrics_->publish(snapshot());
    port_->close();
    io_.stop();
  }

  // Files last.
  void close(const RunOptions& options, std::vector<RecordPart> recordings) {
    Summary summary;
    summary.recordings = std::move(recordings);
    control_.reset();
    if (encoder_) encoder_->stop();
    document_->stop();
    player_->stop();
    summary.id = config_.id;
    summary.name = sorted_[self_.value].name;
    summary.began = began_;
    summary.seconds = to_ms_double(ended_at_ - started_at_) / 1000;
    summary.report = loop_->bridge().report(ended_at_);
    summary.bridge_ids = ids_;
    summary.self = self_;
    if (encoder_) {
      summary.late_encodes = encoder_->figures().late_encodes;
      summary.effort = encoder_->figures().effort;
    }
    if (sink_) sink_->close();
    if (grid_) grid_->close();
    if (config_.sink.grid) summary.grid = config_.sink.grid->string();
    if (config_.sink.mix) summary.mix = config_.sink.mix->string();
    summary.drops = queue_drops();
    if (options.summary) write_summary(*options.summary, summary);
    log_line(say<Text::left>(language_, fmt::format("{:.1f}", summary.seconds)));
  }

  Config config_;
  Language language_;
  PrivateKey key_;
  std::vector<RosterBridge> sorted_;
  PeerId self_;
  mesh::BridgeConfig bridge_config_;
  std::vector<std::string> ids_, names_;
  mesh::LocalStatus status_;
  PacketPool packets_;
  FramePool frames_;
  asio::io_context io_{1};
  asio::steady_timer ticker_{io_};
  secure::StaticPairMac pair_mac_;
  secure::TransportSecurity security_;
  std::unique_ptr<UdpPort> port_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Grid> grid_;
  std::vector<Stage*> stages_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<InputLog> log_;
  std::unique_ptr<LoggedPairMac> logged_mac_;
  std::unique_ptr<LoggedHandshakes> logged_handshakes_;
  std::unique_ptr<CoreLoop> loop_;
  std::unique_ptr<Recorder> recorder_;  // below what its thread posts to
  std::unique_ptr<Player> player_;
  std::unique_ptr<EncoderThread> encoder_;
  std::unique_ptr<DocumentDesk> document_;
  std::unique_ptr<ControlSocket> control_;
  Timestamp started_at_, ended_at_;
  std::string began_;  // as the summary has it
  bool leaving_ = false;
};
}  // namespace

int run_node(const Config& config, const RunOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is an error code, not a signal
  RunningBridge bridge(config, options);
  return bridge.run(options);
}

}  // namespace diemcau::node
