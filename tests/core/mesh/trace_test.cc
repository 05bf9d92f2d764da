// Every field of the boundary is in its words, and media bytes are not.
#include "core/mesh/trace.h"

#include <catch2/catch.hpp>

namespace diemcau::mesh {
namespace {

template <typename Boundary>
Words words_of(const Boundary& what) {
  Words words;
  trace(timestamp_from_ns(5), 3, what, words);
  return words;
}

}  // namespace

TEST_CASE("an input's words are time, bridge, kind and the fields in order", "[mesh]") {
  AudioPlayed played;
  played.origin = PeerId{4};
  played.action = AudioAction::expand;
  played.samples = 480;
  played.plays_at = timestamp_from_ns(77);
  CHECK(words_of(Input{played}) == Words{5, 3, 6, 4, 3, 480, 77, 0});
  played.captured_at = timestamp_from_ns(-1);
  CHECK(words_of(Input{played}) == Words{5, 3, 6, 4, 3, 480, 77, 1, ~std::uint64_t{0}});
}

TEST_CASE("an output's words have kinds of their own", "[mesh]") {
  SetEncoder s;
  s.layer = Layer::mid;
  s.active = true;
  s.rate = Bitrate::kbps(500);
  s.idr = true;
  s.invalidate_from = 9;
  CHECK(words_of(Output{s}) == Words{5, 3, 68, 1, 2, 1, 500'000, 30, 1, 1, 9});
  PathOpened opened;
  opened.path = PathId{1};
  opened.peer = PeerId{2};
  opened.remote = Endpoint::v4(0x0A00'0001, 47'000);
  CHECK(words_of(Output{opened}) == Words{5, 3, 66, 1, 2, 0, 0, 0xFFFF'0A00'0001, 47'000});
}

TEST_CASE("the words of a packet do not depend on whether its payload is elided", "[mesh]") {
  PacketPool pool;
  PacketRef full = pool.take();
  full->set_size(1000);
  PacketRef elided = pool.take();
  elided->set_size(40, 960);
  const Input a = PacketArrived{PathId{1}, PacketKind::rtp, timestamp_from_ns(4), full};
  const Input b = PacketArrived{PathId{1}, PacketKind::rtp, timestamp_from_ns(4), elided};
  CHECK(words_of(a) == words_of(b));
  CHECK(words_of(a) == Words{5, 3, 1, 1, 2, 4, 1000});
}

TEST_CASE("a video frame's words count its NAL units and name their sizes", "[mesh]") {
  const NalUnit nals[] = {{nullptr, 1100}, {nullptr, 7}};
  VideoEncoded frame;
  frame.layer = Layer::hi;
  frame.frame_number = 12;
  frame.newest_needed = 11;
  frame.oldest_needed = 4;
  frame.nals = nals;
  CHECK(words_of(Input{frame}) == Words{5, 3, 4, 1, 3, 0, 12, 11, 4, 0, 0, 2, 1100, 7});
}

TEST_CASE("a digest of a boundary is the digest of its words", "[mesh]") {
  const Input input = AudioWanted{PeerId{3}, 480};
  const Output output = Event{EventKind::link_up, PeerId{1}, 7};
  Words words;
  trace(timestamp_from_ns(5), 2, input, words);
  trace(timestamp_from_ns(6), 2, output, words);
  Digest of_words, straight;
  for (const std::uint64_t word : words) of_words.add(word);
  trace(timestamp_from_ns(5), 2, input, straight);
  trace(timestamp_from_ns(6), 2, output, straight);
  CHECK(straight.value() == of_words.value());
}

TEST_CASE("commands of different kinds have different words", "[mesh]") {
  CHECK(words_of(Input{Command{Leave{}}}) == Words{5, 3, 9, 1});
  CHECK(words_of(Input{Command{Subscribe{PeerId{2}, Source::camera, Layer::hi}}}) ==
        Words{5, 3, 9, 0, 2, 1, 1, 3});
  CHECK(words_of(Input{Command{Subscribe{PeerId{2}, Source::camera, {}}}}) ==
        Words{5, 3, 9, 0, 2, 1, 0});
  CHECK(words_of(Input{Command{RequestKey{{PeerId{2}, Source::camera, Layer::hi}}}}) ==
        Words{5, 3, 9, 2, 2, 1, 3});
}

}  // namespace diemcau::mesh
