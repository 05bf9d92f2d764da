// Cameras, microphones, decoders and loudspeakers for a TestMesh: frames with known bytes in, what
// came out for the test.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "tests/support/test_mesh.h"

namespace diemcau::test {

// Every bridge speaks one 80-byte frame per 20 ms and films 30 pictures a second in each active
// layer of its camera, and those of a document as often as it is asked for. Decoders take every
// frame in 2 ms, the display shows at the time it is told, the loudspeaker takes 10 ms at a time.
class TestMedia {
 public:
  struct Seen {
    std::vector<mesh::DecodeFrame> decoded;  // media released
    std::vector<std::vector<std::uint8_t>> decoded_bytes;
    std::vector<mesh::ShowFrame> shown;
    std::vector<mesh::RecordBytes> recorded;
    std::map<mesh::AudioAction, int> actions;
    std::vector<std::uint8_t> heard;  // first byte of each played frame
  };

  explicit TestMedia(TestMesh& mesh, std::size_t count, bool keep_bytes = true)
      : mesh_(mesh), nodes_(count), keep_(keep_bytes) {
    mesh_.on_output = [this](std::size_t i, const mesh::Output& out) { output(i, out); };
    for (std::size_t i = 0; i < count; ++i) {
      speak(i, mesh.now());
      film(i, mesh.now() + 1ms * static_cast<std::int64_t>(i));
      listen(i, mesh.now() + 3ms);
    }
  }
  Seen& seen(std::size_t at, std::size_t from) { return nodes_[at].seen[from]; }
  const mesh::SetEncoder* encoder(std::size_t i, Layer layer,
                                  Source source = Source::camera) const {
    const auto it = nodes_[i].encoders.find({source, layer});
    return it == nodes_[i].encoders.end() ? nullptr : &it->second;
  }
  // Bytes of the picture that bridge i filmed under this number.
  const std::vector<std::uint8_t>& filmed(std::size_t i, Layer layer, std::uint32_t number,
                                          Source source = Source::camera) {
    return nodes_[i].filmed[{{source, layer}, number}];
  }
  std::size_t picture_bytes = 5000;
  bool pictures_follow_rate = false;      // else all are as large as that
  std::optional<std::size_t> page_bytes;  // of each picture of a document that stands still
  // What a microphone tells of its frame of 20 ms; a quiet room if nothing else is said.
  std::function<std::uint8_t(std::size_t bridge, Timestamp)> level = [](std::size_t, Timestamp) {
    return std::uint8_t{60};
  };
  std::uint64_t invalidations = 0, idrs = 0;

 private:
  using Pictures = std::pair<Source, Layer>;
  struct Node {
    std::map<std::size_t, Seen> seen;
    std::map<Pictures, mesh::SetEncoder> encoders;
    std::map<Pictures, std::uint32_t> next_frame;
    std::map<Pictures, std::uint32_t> newest_valid;
    std::map<Pictures, std::uint32_t> last_key;
    std::map<Pictures, bool> key_due;
    std::map<std::pair<Pictures, std::uint32_t>, std::vector<std::uint8_t>> filmed;
    int ticks = 0;
    std::map<std::size_t, std::uint32_t> queued;
    std::vector<PeerId> speakers;
    std::uint8_t word = 0;
  };

  void speak(std::size_t i, Timestamp t) {
    mesh_.at(t, [this, i, t] {
      const std::vector<std::uint8_t> bytes(80, nodes_[i].word++);
      mesh::AudioEncoded frame;
      frame.captured_at = t - 20ms;
      frame.bytes = bytes;
      frame.length = 80;
      frame.level_dbov = level(i, t);
      mesh_.input(i, frame);
      speak(i, t + 20ms);
    });
  }
  void film(std::size_t i, Timestamp t) {
    mesh_.at(t, [this, i, t] {
      const int tick = nodes_[i].ticks++;
      for (auto& [pictures, set] : nodes_[i].encoders) {
        const bool due = pictures.first == Source::camera || tick % (30 / set.fps) == 0;
        if (set.active && !set.hold && due) picture(i, pictures, t - 5ms);
      }
      film(i, t + 33'333'333ns);
    });
  }
  void picture(std::size_t i, const Pictures& layer, Timestamp captured_at) {
    Node& n = nodes_[i];
    mesh::VideoEncoded frame;
    frame.source = layer.first;
    frame.layer = layer.second;
    frame.captured_at = captured_at;
    frame.frame_number = n.next_frame[layer]++;
    frame.key = std::exchange(n.key_due[layer], false) || frame.frame_number == 0;
    frame.newest_needed = n.newest_valid[layer];
    frame.oldest_needed = frame.newest_needed;
    n.newest_valid[layer] = frame.frame_number;
    if (frame.key) n.last_key[layer] = frame.frame_number;
    const mesh::SetEncoder& set = n.encoders[layer];
    const std::int64_t pace = layer.first == Source::camera ? 30 : set.fps;
    const auto by_rate = static_cast<std::size_t>(set.rate.bps() / 8 / pace);
    const std::size_t moving = pictures_follow_rate ? by_rate : picture_bytes;
    const bool stands = layer.first == Source::document && page_bytes && !frame.key;
    std::vector<std::uint8_t> bytes((stands ? *page_bytes : moving) / 5);
    for (std::size_t k = 0; k < bytes.size(); ++k) {
      bytes[k] = static_cast<std::uint8_t>(frame.frame_number * 31 + k);
    }
    bytes[0] = frame.key ? 0x65 : 0x41;
    const std::vector<mesh::NalUnit> nals(5,
                                          {bytes.data(), static_cast<std::uint32_t>(bytes.size())});
    frame.nals = nals;
    if (keep_) n.filmed[{layer, frame.frame_number}] = bytes;
    mesh_.input(i, frame);
  }
  void listen(std::size_t i, Timestamp t) {
    mesh_.at(t, [this, i, t] {
      for (std::size_t from = 0; from < nodes_.size(); ++from) {
        if (from == i) continue;
        std::uint32_t& queued = nodes_[i].queued[from];
        if (queued < 480)
          mesh_.input(i, mesh::AudioWanted{PeerId{static_cast<std::uint16_t>(from)}, queued});
        queued -= std::min<std::uint32_t>(queued, 480);
      }
      listen(i, t + 10ms);
    });
  }
  void output(std::size_t i, const mesh::Output& out) {
    if (const auto* set = std::get_if<mesh::SetEncoder>(&out)) encoder_set(i, *set);
    if (const auto* decode = std::get_if<mesh::DecodeFrame>(&out)) decoded(i, *decode);
    if (const auto* show = std::get_if<mesh::ShowFrame>(&out)) {
      seen(i, show->stream.origin.value).shown.push_back(*show);
      const Timestamp at = std::max(show->at, mesh_.now());
      mesh_.at(at, [this, i, s = *show, at] {
        mesh_.input(i, mesh::FrameShown{s.stream, s.frame_number, at});
      });
    }
    if (const auto* record = std::get_if<mesh::RecordBytes>(&out)) {
      mesh::RecordBytes copy = *record;
      copy.media.packet = {};
      copy.media.frame = {};
      copy.media.bytes = {};
      if (keep_) seen(i, record->stream.origin.value).recorded.push_back(std::move(copy));
    }
    if (const auto* play = std::get_if<mesh::PlayAudio>(&out)) played(i, *play);
  }
  void encoder_set(std::size_t i, const mesh::SetEncoder& set) {
    Node& n = nodes_[i];
    const Pictures pictures{set.source, set.layer};
    if (set.idr) {
      n.key_due[pictures] = true;
      ++idrs;
    }
    if (set.invalidate_from) {
      ++invalidations;
      auto& newest = n.newest_valid[pictures];
      if (*set.invalidate_from <= newest) newest = *set.invalidate_from - 1;
      // As an encoder does that has no picture left to lean on.
      if (*set.invalidate_from <= n.last_key[pictures]) n.key_due[pictures] = true;
    }
    n.encoders[pictures] = set;
  }
  void decoded(std::size_t i, const mesh::DecodeFrame& decode) {
    Seen& s = seen(i, decode.stream.origin.value);
    if (keep_) {
      s.decoded_bytes.emplace_back(decode.media.bytes.begin(), decode.media.bytes.end());
      mesh::DecodeFrame copy = decode;
      copy.media = {};
      s.decoded.push_back(std::move(copy));
    }
    mesh_.at(mesh_.now() + 2ms, [this, i, stream = decode.stream, number = decode.frame_number] {
      mesh_.input(i, mesh::FrameDecoded{stream, number, true, 2ms});
    });
  }
  void played(std::size_t i, const mesh::PlayAudio& play) {
    Seen& s = seen(i, play.origin.value);
    ++s.actions[play.action];
    if (keep_ && !play.media.bytes.empty()) s.heard.push_back(play.media.bytes[0]);
    mesh::AudioPlayed report;
    report.origin = play.origin;
    report.action = play.action;
    report.samples = play.action == mesh::AudioAction::accelerate   ? 720
                     : play.action == mesh::AudioAction::decelerate ? 1200
                     : play.action == mesh::AudioAction::stretch    ? 1536
                                                                    : 960;
    report.captured_at = play.captured_at;
    std::uint32_t& queued = nodes_[i].queued[play.origin.value];
    report.plays_at = mesh_.now() + Duration{std::int64_t{queued} * 1'000'000 / 48};
    queued += report.samples;
    mesh_.at(mesh_.now(), [this, i, report] { mesh_.input(i, report); });
  }

  TestMesh& mesh_;
  std::vector<Node> nodes_;
  bool keep_;
};

}  // namespace diemcau::test
