// A stream always meets the same decoding thread, so that its frames stay in order.
#include "node/screen.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "codecs/h264_decoder.h"
#include "node/byte_store.h"
#include "node/clock.h"
#include "node/decode_queue.h"
#include "node/thread_rank.h"

namespace diemcau::node {

namespace {

constexpr std::size_t kManyPeers = 4;           // above, one thread cannot decode them all
constexpr std::size_t kPicturesPerStream = 32;  // a second, as long as any waits for its moment
constexpr std::size_t kShowsOfOne = 2 * kPicturesPerStream;  // of one source: while layers overlap
constexpr Duration kDecoderIdle = 5s;  // a layer that was left gives its memory back
constexpr Duration kShowTooOld = 1s;

using Pictures = std::map<std::uint32_t, std::shared_ptr<const codecs::Picture>>;

std::chrono::steady_clock::time_point clock_time(Timestamp t) {
  return std::chrono::steady_clock::time_point{t.time_since_epoch()};
}

}  // namespace

struct Screen::Impl {
  struct Worker {
    DecodeQueue jobs;
    std::thread thread;
  };
  std::function<void(mesh::Input)> post;
  std::function<void(const ShownPicture&)> on_show;
  ByteStore store{64};
  std::vector<std::unique_ptr<Worker>> workers;

  mutable std::mutex mutex;
  std::condition_variable wake;
  std::map<StreamId, Pictures> decoded;  // under mutex
  std::vector<mesh::ShowFrame> shows;    // under mutex, as they came
  bool stopping = false;                 // under mutex
  ScreenFigures shared;                  // under mutex
  std::thread shower;

  void decode_loop(Worker& worker) {
    take_rank(ThreadRank::picture, "decoder");
    struct Stream {
      codecs::H264Decoder decoder;
      Timestamp used;
    };
    std::map<StreamId, Stream> streams;
    while (auto job = worker.jobs.pop()) {
      const Timestamp begin = monotonic_now();
      Stream& stream = streams[job->stream];
      stream.used = begin;
      auto result = stream.decoder.decode(job->bytes, job->captured_at);
      const Duration took = monotonic_now() - begin;
      worker.jobs.took(took);
      keep(*job, result ? result->picture : nullptr, took);
      store.give_back(std::move(job->bytes));
      post(mesh::FrameDecoded{job->stream, job->frame_number, result.has_value(), took});
      wake.notify_one();
      std::erase_if(streams, [&](const auto& s) {
        const bool idle = begin - s.second.used > kDecoderIdle;
        if (idle) forget(s.first);
        return idle;
      });
    }
  }
  // Pictures that nobody has been shown.
  void forget(const StreamId& stream) {
    const std::lock_guard lock(mutex);
    decoded.erase(stream);
  }

  void keep(const DecodeJob& job, std::shared_ptr<const codecs::Picture> picture, Duration took) {
    const std::lock_guard lock(mutex);
    shared.decode.add(took);
    if (!picture) {
      ++shared.decode_errors;
      return;
    }
    Pictures& pictures = decoded[job.stream];
    // A stream is decoded in its order: what has higher numbers is left from before a restart.
    if (!pictures.empty() && job.frame_number < pictures.rbegin()->first) pictures.clear();
    pictures.insert_or_assign(job.frame_number, std::move(picture));
    if (pictures.size() > kPicturesPerStream) {
      pictures.erase(pictures.begin());
      ++shared.dropped;
    }
  }

  bool is_ready(const mesh::ShowFrame& show) const {
    const auto stream = decoded.find(show.stream);
    return stream != decoded.end() && stream->second.count(show.frame_number) > 0;
  }

  void show_loop() {
    take_rank(ThreadRank::picture, "screen");
    std::unique_lock lock(mutex);
    while (!stopping) {
      const Timestamp now = monotonic_now();
      std::erase_if(shows, [&](const auto& s) { return now - s.at > kShowTooOld; });
      // Only what is decoded has a moment to wait for; a decoder that finishes wakes this thread.
      const mesh::ShowFrame* first = nullptr;
      for (const auto& show : shows) {
        if (is_ready(show) && (first == nullptr || show.at < first->at)) first = &show;
      }
      if (first == nullptr) {
        wake.wait(lock);
      } else if (first->at > now) {
        wake.wait_until(lock, clock_time(first->at));
      } else {
        show_newest_due(lock, first->stream, now);
      }
    }
  }

  static bool same_source(const StreamId& a, const StreamId& b) {
    return a.origin == b.origin && a.source == b.source;
  }

  // Of several pictures of one source whose moments have passed, the last one is seen.
  void show_newest_due(std::unique_lock<std::mutex>& lock, StreamId due, Timestamp now) {
    mesh::ShowFrame newest;
    bool found = false;
    for (const auto& s : shows) {
      if (!same_source(s.stream, due) || s.at > now || !is_ready(s)) continue;
      if (!found || s.captured_at >= newest.captured_at) newest = s;
      found = true;
    }
    Pictures& pictures = decoded[newest.stream];
    ShownPicture shown{due.origin,         due.source, newest.stream.layer,
                       newest.captured_at, now,        pictures[newest.frame_number]};
    pictures.erase(pictures.begin(), pictures.upper_bound(newest.frame_number));
    // What was captured before is past, in other layers too.
    std::erase_if(shows, [&](const mesh::ShowFrame& s) {
      return same_source(s.stream, due) && s.captured_at <= newest.captured_at;
    });
    std::erase_if(decoded,
                  [&](const auto& d) { return d.first != newest.stream && d.second.empty(); });
    lock.unlock();
    shown.shown_at = monotonic_now();
    on_show(shown);
    post(mesh::FrameShown{newest.stream, newest.frame_number, shown.shown_at});
    lock.lock();
  }
};

Screen::Screen(std::size_t peers, std::function<void(mesh::Input)> post,
               std::function<void(const ShownPicture&)> show)
    : impl_(std::make_unique<Impl>()) {
  impl_->post = std::move(post);
  impl_->on_show = std::move(show);
  const std::size_t count = peers > kManyPeers ? 2 : 1;
  for (std::size_t i = 0; i < count; ++i) {
    impl_->workers.push_back(std::make_unique<Impl::Worker>());
    Impl::Worker& worker = *impl_->workers.back();
    worker.thread = std::thread([this, &worker] { impl_->decode_loop(worker); });
  }
  impl_->shower = std::thread([this] { impl_->show_loop(); });
}
Screen::~Screen() { stop(); }

void Screen::decode(const mesh::DecodeFrame& frame) {
  const StreamId& stream = frame.stream;
  auto& jobs = impl_->workers[stream.origin.value % impl_->workers.size()]->jobs;
  if (jobs.has_room(stream.origin, frame.media.bytes.size())) {
    jobs.push(
        {stream, frame.frame_number, frame.captured_at, impl_->store.copy(frame.media.bytes)});
  } else {
    impl_->post(mesh::FrameDecoded{stream, frame.frame_number, false, Duration{0}});
  }
}

void Screen::show(const mesh::ShowFrame& show) {
  {
    const std::lock_guard lock(impl_->mutex);
    auto& shows = impl_->shows;
    const auto same = [&](const mesh::ShowFrame& s) {
      return Impl::same_source(s.stream, show.stream);
    };
    if (std::ranges::count_if(shows, same) >= static_cast<std::ptrdiff_t>(kShowsOfOne)) {
      shows.erase(std::ranges::find_if(shows, same));
      ++impl_->shared.dropped;
    }
    shows.push_back(show);
    // Otherwise its decoder wakes the screen.
    if (!impl_->is_ready(show)) return;
  }
  impl_->wake.notify_one();
}

ScreenFigures Screen::figures() const {
  const std::lock_guard lock(impl_->mutex);
  ScreenFigures figures = impl_->shared;
  for (const auto& worker : impl_->workers) figures.dropped += worker->jobs.dropped();
  return figures;
}

void Screen::stop() {
  for (auto& worker : impl_->workers) worker->jobs.close();
  for (auto& worker : impl_->workers) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->shower.joinable()) impl_->shower.join();
}

}  // namespace diemcau::node
