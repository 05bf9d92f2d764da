#include "node/document_thread.h"

#include <condition_variable>
#include <mutex>
#include <optional>
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
  std::unique_ptr<codecs::MediaSource> source;  // of whoever calls show()
  AskedLayers asked;
  mutable std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;                          // under mutex
  std::shared_ptr<const codecs::Picture> newest;  // under mutex; none: nothing to encode
  DocumentFigures shared;                         // under mutex
  std::thread follow, encode;                     // the second from the first document on

  explicit Impl(DocumentThreadConfig c) : config(std::move(c)) {}

  void follow_loop(codecs::MediaSource& from) {
    take_rank(ThreadRank::background, "document");
    while (auto event = from.next()) {
      auto* frame = std::get_if<codecs::VideoFrame>(&*event);
      if (frame == nullptr) continue;
      {
        const std::lock_guard lock(mutex);
        newest = std::move(frame->picture);
      }
      wake.notify_all();
    }
  }

  // The next picture and when it is taken; nothing at the end. Ticks are counted from whole
  // intervals of the clock: lateness does not add up.
  std::optional<codecs::VideoFrame> next_picture(std::int64_t& tick, std::uint64_t number) {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || newest; });
      tick = std::max(tick + 1, monotonic_now().time_since_epoch() / kInterval);
      const Timestamp at{tick * kInterval};
      const std::chrono::steady_clock::time_point due{at.time_since_epoch()};
      wake.wait_until(lock, due, [this] { return stopping || !newest; });
      if (stopping) return std::nullopt;
      if (!newest) continue;
      ++shared.pictures;
      return codecs::VideoFrame{newest, at, number};
    }
  }

  void encode_loop() {
    take_rank(ThreadRank::picture, "document enc");
    codecs::LayeredEncoder layers({kPicturesPerSecond, kMostBetweenKeys, codecs::Content::page});
    std::int64_t tick = monotonic_now().time_since_epoch() / kInterval;
    std::uint64_t number = 0;
    while (const auto frame = next_picture(tick, number++)) {
      const ShownPicture preview{config.self,        Source::document, Layer::only,
                                 frame->captured_at, monotonic_now(),  frame->picture};
      for (Stage* stage : config.previews) stage->on_picture(preview);
      asked.apply(layers);
      layers.encode(*frame, [this](Layer layer, const codecs::EncodedFrame& encoded) {
        {
          const std::lock_guard lock(mutex);
          shared.encode.add(encoded.encode_time);
          if (stopping) return;
        }
        config.post_video(encoded_video({config.self, Source::document, layer}, encoded));
      });
    }
  }

  void put_away() {
    if (source) source->stop();
    if (follow.joinable()) follow.join();
    source.reset();
    {
      const std::lock_guard lock(mutex);
      newest.reset();
    }
    wake.notify_all();
  }
};

DocumentThread::DocumentThread(DocumentThreadConfig config)
    : impl_(std::make_unique<Impl>(std::move(config))) {}
DocumentThread::~DocumentThread() { stop(); }

void DocumentThread::show(std::unique_ptr<codecs::MediaSource> source) {
  Impl& impl = *impl_;
  impl.put_away();
  impl.source = std::move(source);
  if (!impl.encode.joinable()) impl.encode = std::thread([&impl] { impl.encode_loop(); });
  impl.follow = std::thread([&impl, from = impl.source.get()] { impl.follow_loop(*from); });
}

void DocumentThread::put_away() { impl_->put_away(); }

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
  impl_->put_away();
  if (impl_->encode.joinable()) impl_->encode.join();
}

}  // namespace diemcau::node
