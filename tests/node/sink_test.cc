// Raw pictures and sound of every peer: contents, table, and readers that do not read.
#include "node/sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "codecs/picture.h"
#include "node/clock.h"
#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

constexpr PeerId kCommune{1};
constexpr std::size_t kPictureBytes = 64 * 36 * 3 / 2;

SinkConfig config_in(const ScratchDir& dir) {
  SinkConfig config;
  config.dir = dir.path();
  config.bridge_ids = {"tinh", "xa-nghia-tru"};
  config.self = PeerId{0};
  config.width = 64;
  config.height = 36;
  return config;
}

ShownPicture picture(std::uint8_t luma, std::int64_t at_ns) {
  auto p = std::make_shared<codecs::Picture>(128, 72);
  codecs::fill(*p, luma, 128, 128);
  return {
      kCommune, Source::camera, Layer::mid, timestamp_from_ns(at_ns), timestamp_from_ns(at_ns + 50),
      p};
}

void sound(Sink& sink, std::int16_t value, std::int64_t at_ns,
           std::vector<PlayedFrame> frames = {}) {
  const std::vector<std::int16_t> samples(kTickSamples, value);
  const PlayedSound one{kCommune, samples, frames};
  sink.on_sound(timestamp_from_ns(at_ns), std::span(&one, 1));
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a peer's files hold every shown picture, all sound and a row for each", "[sink]") {
  ScratchDir dir;
  Sink sink(config_in(dir));
  sink.on_picture(picture(60, 1000));
  sound(sink, 7, 5000, {{240, mesh::AudioAction::normal, timestamp_from_ns(900)}});
  sound(sink, 0, 5'010'000);
  sink.on_picture(picture(200, 2000));
  sink.close();

  const std::string pictures = content_of(dir.path() / "xa-nghia-tru.i420");
  REQUIRE(pictures.size() == 2 * kPictureBytes);
  CHECK(static_cast<std::uint8_t>(pictures[0]) == 60);
  CHECK(static_cast<std::uint8_t>(pictures[kPictureBytes]) == 200);
  const std::string samples = content_of(dir.path() / "xa-nghia-tru.s16");
  REQUIRE(samples.size() == 2 * 2 * kTickSamples);
  CHECK(samples[0] == 7);
  CHECK(samples[2 * kTickSamples] == 0);
  CHECK(content_of(dir.path() / "xa-nghia-tru.tsv") ==
        "kind\tindex\tcapture_ns\tshown_ns\tlayer\taction\n"
        "video\t0\t1000\t1050\tmid\tshow\n"
        "audio\t240\t900\t5005000\tonly\tnormal\n"
        "video\t1\t2000\t2050\tmid\tshow\n");
  CHECK_FALSE(std::filesystem::exists(dir.path() / "tinh.i420"));
  CHECK(sink.figures().dropped == 0);
}

TEST_CASE("a reader of a FIFO gets whole pictures only, however slowly it reads", "[sink]") {
  ScratchDir dir;
  const auto fifo = dir.path() / "xa-nghia-tru.i420";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  SinkConfig config = config_in(dir);
  config.width = 1280;  // 1.4 MB: more than any pipe holds
  config.height = 720;
  Sink sink(config);
  constexpr std::size_t kBytes = 1280 * 720 * 3 / 2;

  std::string got;
  std::vector<char> block(100'000);
  const auto read_some = [&] {
    const ssize_t n = ::read(reader, block.data(), block.size());
    if (n > 0) got.append(block.data(), static_cast<std::size_t>(n));
  };
  for (int i = 0; i < 60; ++i) {
    sink.on_picture(picture(static_cast<std::uint8_t>(20 + i), i));
    read_some();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while ((got.size() < kBytes || got.size() % kBytes != 0) &&
         std::chrono::steady_clock::now() < give_up)
    read_some();
  sink.close();
  ::close(reader);
  REQUIRE(got.size() >= kBytes);
  for (std::size_t at = 0; at + kBytes <= got.size(); at += kBytes)
    CHECK(got[at] == got[at + 1280 * 720 - 1]);  // one picture from its first to its last row
  CHECK(sink.figures().dropped > 0);
}

TEST_CASE("nobody reading a FIFO holds nobody up", "[sink]") {
  ScratchDir dir;
  for (const char* kind : {".i420", ".s16", ".tsv"}) {
    REQUIRE(::mkfifo((dir.path() / (std::string("xa-nghia-tru") + kind)).c_str(), 0600) == 0);
  }
  const int stuck = ::open((dir.path() / "xa-nghia-tru.s16").c_str(), O_RDONLY | O_NONBLOCK);
  Sink sink(config_in(dir));
  for (int i = 0; i < 3000; ++i) sound(sink, 1, i);  // 2.9 MB into a pipe of 1 MB
  for (int i = 0; i < 10; ++i) sink.on_picture(picture(60, i));
  sink.close();
  CHECK(sink.figures().dropped >= 10);
  CHECK(sink.figures().pictures == 0);
  ::close(stuck);
}

TEST_CASE("a reader that leaves does not end the node", "[sink]") {
  ScratchDir dir;
  const auto fifo = dir.path() / "xa-nghia-tru.s16";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK);
  Sink sink(config_in(dir));
  sound(sink, 1, 0);
  while (sink.figures().samples == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::close(reader);
  for (int i = 0; i < 10; ++i) sound(sink, 1, i);
  sink.close();
  CHECK(sink.figures().samples == kTickSamples);
  CHECK(sink.figures().dropped == 10);
}

TEST_CASE("a directory that cannot be made is an error with its name", "[sink]") {
  ScratchDir dir;
  std::ofstream(dir.path() / "file") << "x";
  SinkConfig config = config_in(dir);
  config.dir = dir.path() / "file" / "sub";
  CHECK_THROWS_WITH(Sink(config), Catch::Contains("sub"));
}
