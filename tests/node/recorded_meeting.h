// A bridge's frames as core hands them to the recorder, made by real encoders.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "core/base/rng.h"
#include "node/clock.h"
#include "node/recorder.h"
#include "node/room_encoder.h"
#include "tests/node/scratch_dir.h"

namespace diemcau::node {

inline constexpr PeerId kCommune{1};
inline constexpr StreamId kSound{kCommune, Source::microphone, Layer::only};

inline StreamId picture_stream(Layer layer) { return {kCommune, Source::camera, layer}; }

struct Meeting {
  explicit Meeting(Recorder& r) : recorder(r) {}
  Recorder& recorder;
  Timestamp start = monotonic_now();
  std::uint32_t number = 0;
  Rng noise{7};

  void picture(RoomEncoder& encoder, Layer layer, Duration at, int width = 320) {
    codecs::Picture canvas(width, width * 9 / 16);
    codecs::fill(canvas, static_cast<std::uint8_t>(number), 100, 150);
    const auto encoded = encoder.encode(canvas, at);
    REQUIRE(!encoded.access_unit.empty());
    give(picture_stream(layer), encoded.key, at, encoded.access_unit);
  }
  void sound(RoomEncoder& encoder, Duration at) {
    std::vector<std::int16_t> samples(960);
    for (auto& s : samples) s = static_cast<std::int16_t>(noise.next_u32() >> 19);
    give(kSound, false, at, encoder.encode(samples));
  }
  // Of the document.
  void page(RoomEncoder& encoder, Layer layer, Duration at, int width = 320) {
    codecs::Picture canvas(width, width * 9 / 16);
    codecs::fill(canvas, 200, 128, 128);
    const auto encoded = encoder.encode(canvas, at);
    give({kCommune, Source::document, layer}, encoded.key, at, encoded.access_unit);
  }
  void give(StreamId stream, bool key, Duration at, ByteSpan bytes) {
    mesh::RecordBytes frame;
    frame.stream = stream;
    frame.frame_number = number++;
    frame.key = key;
    frame.captured_at = start + at;
    frame.media.bytes = bytes;
    frame.media.length = static_cast<std::uint32_t>(bytes.size());
    recorder.record(frame);
  }
  // Pictures at 25/s and sound at 50/s from `from` to `to`.
  void run(RoomEncoder& encoder, Layer layer, Duration from, Duration to, int width = 320) {
    for (Duration t = from; t < to; t += 20ms) {
      sound(encoder, t);
      if (to_ms(t) % 40 == 0) picture(encoder, layer, t, width);
    }
  }
};

// At most ten seconds; whether it came.
template <typename Came>
bool wait_for(Came came) {
  const auto until = monotonic_now() + 10s;
  while (!came() && monotonic_now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return came();
}

inline RecorderConfig config_in(const ScratchDir& dir) {
  RecorderConfig config;
  config.dir = dir.path();
  config.bridge_ids = {"tinh", "xa-nghia-tru"};
  return config;
}

// What ffprobe says of one entry of one stream; empty when it refuses the file.
inline std::string probe(const std::string& path, const std::string& what) {
  return output_of("ffprobe -v error " + what + " -of csv=p=0 '" + path + "' 2>&1");
}
inline std::string decode_errors(const std::string& path) {
  return output_of("ffmpeg -v error -i '" + path + "' -f null - 2>&1");
}
inline int packets(const std::string& path, const std::string& kind) {
  return std::atoi(probe(path, "-count_packets -select_streams " + kind +
                                   ":0 -show_entries stream=nb_read_packets")
                       .c_str());
}

}  // namespace diemcau::node
