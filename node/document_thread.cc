#include "node/document_thread.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <variant>

#include "codecs/layered_encoder.h"
#include "codecs/media_source.h"
#include "node/asked_layers.h"
#include "node/clock.h"
#include "node/thread_rank.h"

namespace diemcau::node {

namespace {
constexpr int kPicturesPerSecond = 10;
constexpr Duration kInterval = Duration{1s} / kPicturesPerSecond;
// A key frame costs a whole page and makes it coarse for a moment, so the record has one a minute:
// whoever looks a page up waits for that to be decoded.
constexpr Duration kMostBetweenKeys = 60s;
}  // namespace

struct DocumentThread::Impl {
  DocumentThreadConfig config;
  std::unique_ptr<codecs::MediaSource> source;
  AskedLayers asked;
  std::atomic<bool> stopping{false};
  mutable std::mutex mutex;
  std::condition_variable wake;                   // for stop()
  std::shared_ptr<const codecs::Picture> newest;  // under mutex
  DocumentFigures shared;                         // under mutex
  std::thread follow, encode;

  Impl(DocumentThreadConfig c, std::unique_ptr<codecs::MediaSource> s)
      : config(std::move(c)), source(std::move(s)) {
    follow = std::thread([this] { follow_loop(); });
    encode = std::thread([this] { encode_loop(); });
  }

  void follow_loop() {
    take_rank(ThreadRank::background, "document");
    while (auto event = source->next()) {
      if (stopping) return;
      auto* frame = std::get_if<codecs::VideoFrame>(&*event);
      if (frame == nullptr) continue;
      const std::lock_guard lock(mutex);
      newest = std::move(frame->picture);
    }
  }

  // Ticks are counted from whole intervals of the clock: lateness does not add up.
  void encode_loop() {
    take_rank(ThreadRank::picture, "document enc");
    codecs::LayeredEncoder layers({kPicturesPerSecond, kMostBetweenKeys, codecs::Content::page});
    std::int64_t tick = monotonic_now().time_since_epoch() / kInterval;
    std::uint64_t number = 0;
    for (;;) {
      tick = std::max(tick + 1, monotonic_now().time_since_epoch() / kInterval);
      const Timestamp at{tick * kInterval};
      codecs::VideoFrame frame;
      {
        std::unique_lock lock(mutex);
        const std::chrono::steady_clock::time_point due{at.time_since_epoch()};
        wake.wait_until(lock, due, [this] { return stopping.load(); });
        if (stopping) return;
        if (!newest) continue;
        frame = {newest, at, number++};
        ++shared.pictures;
      }
      const ShownPicture preview{config.self, Source::document, Layer::only,
                                 at,          monotonic_now(),  frame.picture};
      for (Stage* stage : config.previews) stage->on_picture(preview);
      asked.apply(layers);
      layers.encode(frame, [this](Layer layer, const codecs::EncodedFrame& encoded) {
        {
          const std::lock_guard lock(mutex);
          shared.encode.add(encoded.encode_time);
        }
        if (!stopping)
          config.post_video(encoded_video({config.self, Source::document, layer}, encoded));
      });
    }
  }
};

DocumentThread::DocumentThread(DocumentThreadConfig config,
                               std::unique_ptr<codecs::MediaSource> source)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(source))) {}
DocumentThread::~DocumentThread() { stop(); }

void DocumentThread::set(const mesh::SetEncoder& state) {
  if (state.source == Source::document) impl_->asked.ask(state);
}

DocumentFigures DocumentThread::figures() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->shared;
}

void DocumentThread::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->source->stop();
  impl_->wake.notify_all();
  if (impl_->follow.joinable()) impl_->follow.join();
  if (impl_->encode.joinable()) impl_->encode.join();
}

}  // namespace diemcau::node
