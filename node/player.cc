// The sound device's thread; pictures are screen.h's.
#include "node/player.h"

#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "node/bounded_queue.h"
#include "node/byte_store.h"
#include "node/clock.h"
#include "node/loudspeaker.h"
#include "node/screen.h"
#include "node/thread_rank.h"

namespace diemcau::node {

namespace {

constexpr Duration kTick = 10ms;
constexpr std::size_t kJobsPerPeer = 8;
// An answer that does not come is asked for again.
constexpr Duration kAskAgain = 100ms;

struct AudioJob {
  PeerId origin;
  mesh::AudioAction action = mesh::AudioAction::silence;
  std::optional<Timestamp> captured_at;
  std::vector<std::uint8_t> bytes;
};

}  // namespace

struct Player::Impl {
  struct Device {
    Loudspeaker speaker;
    std::optional<Timestamp> asked_at;
    bool heard = false;  // something was played; gaps from here on are underruns
  };
  PlayerConfig config;
  ByteStore store{256};
  BoundedQueue<AudioJob> jobs;
  // Written by core's thread, read by the device's: bit 0 the link is up, bit 1 it was up once.
  std::vector<std::atomic<std::uint8_t>> links;
  std::vector<Device> devices;  // device's thread
  std::vector<PlayedSound> sounds;
  std::atomic<bool> stopping{false};
  mutable std::mutex mutex;
  quality::Histogram audio_decode;     // under mutex
  std::uint64_t underrun_samples = 0;  // under mutex
  std::uint64_t audio_errors = 0;      // under mutex
  std::thread thread;
  Screen screen;

  explicit Impl(PlayerConfig c)
      : config(std::move(c)),
        jobs(kJobsPerPeer * std::max<std::size_t>(config.peers, 1)),
        links(config.peers),
        devices(config.peers),
        screen(config.peers, config.post, [this](const ShownPicture& shown) {
          for (Stage* stage : config.stages) stage->on_picture(shown);
        }) {
    sounds.reserve(config.peers);
    thread = std::thread([this] { run(); });
  }

  void run() {
    take_rank(ThreadRank::sound, "loudspeaker");
    Timestamp next_tick = monotonic_now() + kTick;
    bool asked = false;  // for the next tick
    while (!stopping) {
      const Timestamp due = asked ? next_tick : next_tick - mesh::kAskAhead;
      const auto wake = std::chrono::steady_clock::time_point{due.time_since_epoch()};
      auto job = jobs.pop_until(wake);
      if (job) {
        perform(*job, next_tick);
        store.give_back(std::move(job->bytes));
      }
      if (!asked && monotonic_now() >= next_tick - mesh::kAskAhead) {
        asked = true;
        for (std::size_t i = 0; i < devices.size(); ++i) ask(PeerId{static_cast<std::uint16_t>(i)});
      }
      // Late ticks are made up for one by one: the sound of the room has no holes.
      while (!stopping && monotonic_now() >= next_tick) {
        tick(next_tick);
        next_tick += kTick;
        asked = false;
      }
    }
  }

  void perform(const AudioJob& job, Timestamp next_tick) {
    Device& device = devices[job.origin.value];
    device.asked_at.reset();
    device.heard = device.heard || job.action != mesh::AudioAction::silence;
    const std::uint64_t errors = device.speaker.decode_errors();
    const Timestamp begin = monotonic_now();
    const auto played =
        device.speaker.perform(job.origin, job.action, job.captured_at, job.bytes, next_tick);
    {
      const std::lock_guard lock(mutex);
      audio_decode.add(monotonic_now() - begin);
      audio_errors += device.speaker.decode_errors() - errors;
    }
    config.post(played);
    if (played.samples > 0) ask(job.origin);  // a short piece may not last until after the tick
  }

  void tick(Timestamp at) {
    sounds.clear();
    std::uint32_t missing = 0;
    for (std::size_t i = 0; i < devices.size(); ++i) {
      const std::uint8_t link = links[i].load(std::memory_order_relaxed);
      if (link == 0) continue;
      const auto taken = devices[i].speaker.take();
      if ((link & 1U) != 0 && devices[i].heard) missing += taken.missing;
      sounds.push_back({PeerId{static_cast<std::uint16_t>(i)}, taken.samples, taken.frames});
    }
    if (missing > 0) {
      const std::lock_guard lock(mutex);
      underrun_samples += missing;
    }
    for (Stage* stage : config.stages) stage->on_sound(at, sounds);
  }

  // The device asks when the next tick would not find enough.
  void ask(PeerId origin) {
    Device& device = devices[origin.value];
    if ((links[origin.value].load(std::memory_order_relaxed) & 1U) == 0) return;
    if (device.speaker.queued() >= kTickSamples) return;
    const Timestamp now = monotonic_now();
    if (device.asked_at && now - *device.asked_at < kAskAgain) return;
    device.asked_at = now;
    config.post(mesh::AudioWanted{origin, device.speaker.queued()});
  }
};

Player::Player(PlayerConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}
Player::~Player() { stop(); }

void Player::play(const mesh::PlayAudio& audio) {
  if (audio.origin.value >= impl_->config.peers) return;
  impl_->jobs.push(AudioJob{audio.origin, audio.action, audio.captured_at,
                            impl_->store.copy(audio.media.bytes)});
}
void Player::decode(const mesh::DecodeFrame& frame) { impl_->screen.decode(frame); }
void Player::show(const mesh::ShowFrame& show) { impl_->screen.show(show); }

void Player::link(PeerId origin, bool up) {
  if (origin.value >= impl_->config.peers) return;
  auto& link = impl_->links[origin.value];
  if (!up && link.load(std::memory_order_relaxed) == 0) return;
  link.store(up ? 3 : 2, std::memory_order_relaxed);
  for (Stage* stage : impl_->config.stages) stage->on_link(origin, up);
}

void Player::speaker(PeerId bridge) {
  for (Stage* stage : impl_->config.stages) stage->on_speaker(bridge);
}

void Player::document(PeerId bridge, bool shown) {
  for (Stage* stage : impl_->config.stages) stage->on_document(bridge, shown);
}

PlayerFigures Player::figures() const {
  PlayerFigures figures;
  const ScreenFigures screen = impl_->screen.figures();
  figures.video_decode = screen.decode;
  figures.decode_errors = screen.decode_errors;
  figures.dropped = screen.dropped + impl_->jobs.dropped();
  const std::lock_guard lock(impl_->mutex);
  figures.audio_decode = impl_->audio_decode;
  figures.decode_errors += impl_->audio_errors;
  figures.underrun_samples = impl_->underrun_samples;
  return figures;
}

void Player::stop() {
  impl_->stopping = true;
  impl_->jobs.close();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->screen.stop();
}

}  // namespace diemcau::node
