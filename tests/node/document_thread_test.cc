// A document's capture and encoding, in real time.
#include "node/document_thread.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "codecs/generated_page.h"
#include "codecs/h264_decoder.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

// A desk that is filmed only when something is laid on it: one picture, and then nothing more.
class OnePage final : public codecs::MediaSource {
 public:
  explicit OnePage(std::uint32_t page) : page_(page) {}
  bool has_video() const override { return true; }
  bool has_audio() const override { return false; }
  int fps() const override { return 1; }
  std::optional<codecs::MediaEvent> next() override {
    if (std::exchange(given_, true)) return std::nullopt;
    auto picture = std::make_shared<codecs::Picture>(codecs::kPageWidth, codecs::kPageHeight);
    codecs::paint_page(*picture, page_);
    return codecs::VideoFrame{picture, Timestamp{}, 0};
  }
  void stop() override {}

 private:
  std::uint32_t page_;
  bool given_ = false;
};

struct Collected final : Stage {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<EncodedVideo> video;
  std::size_t previews = 0;

  DocumentThreadConfig config() {
    DocumentThreadConfig c;
    c.self = PeerId{2};
    c.post_video = [this](EncodedVideo v) {
      const std::lock_guard lock(mutex);
      video.push_back(std::move(v));
      changed.notify_all();
    };
    c.previews = {this};
    return c;
  }
  void on_picture(const ShownPicture& shown) override {
    const std::lock_guard lock(mutex);
    if (shown.origin == PeerId{2} && shown.source == Source::document) ++previews;
  }
  void on_sound(Timestamp, std::span<const PlayedSound>) override {}
  void on_link(PeerId, bool) override {}
  bool wait_for(std::size_t frames) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return video.size() >= frames; });
  }
};

mesh::SetEncoder state(Source source, Layer layer) {
  mesh::SetEncoder s;
  s.source = source;
  s.layer = layer;
  s.active = true;
  s.rate = Bitrate::kbps(1000);
  s.fps = 10;
  return s;
}

std::shared_ptr<const codecs::Picture> decoded(codecs::H264Decoder& decoder,
                                               const EncodedVideo& v) {
  std::vector<std::uint8_t> bytes;
  std::vector<mesh::NalUnit> nals;
  for (const mesh::NalUnit& nal : (v.input(nals), nals)) {
    bytes.insert(bytes.end(), {0, 0, 0, 1});
    bytes.insert(bytes.end(), nal.data, nal.data + nal.size);
  }
  const auto result = decoder.decode(bytes, v.head.captured_at);
  return result ? result->picture : nullptr;
}

}  // namespace

TEST_CASE("a page that is laid down once is sent on and on, and can be read", "[document]") {
  Collected got;
  DocumentThread document(got.config());
  document.show(std::make_unique<OnePage>(5));
  document.set(state(Source::camera, Layer::mid));  // another's
  document.set(state(Source::document, Layer::hi));
  REQUIRE(got.wait_for(25));
  document.stop();
  codecs::H264Decoder decoder;
  std::shared_ptr<const codecs::Picture> seen;
  for (std::size_t i = 0; i < got.video.size(); ++i) {
    const EncodedVideo& v = got.video[i];
    CHECK(v.head.source == Source::document);
    CHECK(v.head.layer == Layer::hi);
    CHECK(v.head.key == (i == 0));
    CHECK(v.head.frame_number == i);
    if (i > 0) CHECK(v.head.captured_at - got.video[i - 1].head.captured_at >= 100ms);
    seen = decoded(decoder, v);
    REQUIRE(seen);
  }
  CHECK(codecs::legible_permille(*seen, 5) >= 990);
  CHECK(got.previews >= got.video.size());
  CHECK(document.figures().pictures >= got.video.size());
}

TEST_CASE("a document that is put away costs nothing, and the next one goes on with a key frame",
          "[document]") {
  Collected got;
  DocumentThread document(got.config());
  document.put_away();  // there is none
  document.show(std::make_unique<OnePage>(5));
  document.set(state(Source::document, Layer::hi));
  REQUIRE(got.wait_for(5));
  mesh::SetEncoder off = state(Source::document, Layer::hi);
  off.active = false;
  document.set(off);
  document.put_away();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // what was under way
  const std::uint64_t pictures = document.figures().pictures;
  std::size_t sent = 0;
  {
    const std::lock_guard lock(got.mutex);
    sent = got.video.size();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  CHECK(document.figures().pictures == pictures);
  document.set(state(Source::document, Layer::hi));
  document.show(std::make_unique<OnePage>(6));
  REQUIRE(got.wait_for(sent + 20));
  document.stop();
  REQUIRE(got.video.size() >= sent + 20);
  codecs::H264Decoder decoder;
  std::shared_ptr<const codecs::Picture> seen;
  for (std::size_t i = sent; i < got.video.size(); ++i) {
    CHECK(got.video[i].head.key == (i == sent));
    CHECK(got.video[i].head.frame_number == i);
    seen = decoded(decoder, got.video[i]);
  }
  REQUIRE(seen);
  CHECK(codecs::legible_permille(*seen, 6) >= 990);
  CHECK(document.figures().encode.count() == got.video.size());
}

TEST_CASE("another document takes the place of the one that is shown", "[document]") {
  Collected got;
  DocumentThread document(got.config());
  document.show(std::make_unique<OnePage>(5));
  document.set(state(Source::document, Layer::hi));
  REQUIRE(got.wait_for(3));
  document.show(std::make_unique<OnePage>(6));
  REQUIRE(got.wait_for(30));
  document.stop();
  codecs::H264Decoder decoder;
  std::shared_ptr<const codecs::Picture> seen;
  for (const EncodedVideo& v : got.video) seen = decoded(decoder, v);
  REQUIRE(seen);
  CHECK(codecs::legible_permille(*seen, 6) >= 990);
}
