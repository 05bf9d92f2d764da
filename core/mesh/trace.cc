// Every field of every input and output, in the order of its declaration, as 64-bit words.
#include "core/mesh/trace.h"

#include <optional>
#include <type_traits>
#include <variant>

namespace diemcau::mesh {
namespace {

void put(Words& out, std::uint64_t word) { out.push_back(word); }
void put(Digest& out, std::uint64_t word) { out.add(word); }

template <typename Out>
class Writer {
 public:
  explicit Writer(Out& out) : out_(out) {}

  template <typename T>
  void word(T value) {
    if constexpr (std::is_enum_v<T>) {
      put(out_, static_cast<std::uint64_t>(static_cast<std::underlying_type_t<T>>(value)));
    } else {
      static_assert(std::is_integral_v<T>);
      put(out_, static_cast<std::uint64_t>(value));
    }
  }
  void word(PeerId v) { word(v.value); }
  void word(PathId v) { word(v.value); }
  void word(Timestamp t) { word(to_ns(t)); }
  void word(Duration d) { word(to_ns(d)); }
  void word(Bitrate r) { word(r.bps()); }
  void word(NtpTime t) { word(t.raw()); }
  void word(const StreamId& s) {
    word(s.origin);
    word(s.source);
    word(s.layer);
  }
  void word(const Endpoint& e) {
    std::uint64_t half[2] = {0, 0};
    for (std::size_t i = 0; i < e.ip.size(); ++i) half[i / 8] = half[i / 8] << 8 | e.ip[i];
    word(half[0]);
    word(half[1]);
    word(e.port);
  }
  // Only the length: the digest must not depend on whether media bytes are there or elided.
  void word(const PacketRef& p) { word(p ? p->wire_size() : std::size_t{0}); }
  void word(const Media& m) { word(m.length); }
  template <typename T>
  void word(const std::optional<T>& v) {
    word(v.has_value());
    if (v) word(*v);
  }

  template <typename... T>
  void words(const T&... values) {
    (word(values), ...);
  }

  void operator()(const PacketArrived& x) { words(x.path, x.kind, x.received_at, x.packet); }
  void operator()(const StrangerArrived& x) { words(x.uplink, x.from, x.received_at, x.packet); }
  void operator()(const AudioEncoded& x) {
    words(x.captured_at, x.level_dbov, x.voice, x.samples, x.length);
  }
  void operator()(const VideoEncoded& x) {
    words(x.source, x.layer, x.captured_at, x.frame_number, x.newest_needed, x.oldest_needed,
          x.temporal_id, x.key, x.nals.size());
    for (const NalUnit& nal : x.nals) word(nal.size);
  }
  void operator()(const AudioWanted& x) { words(x.origin, x.queued_samples); }
  void operator()(const AudioPlayed& x) {
    words(x.origin, x.action, x.samples, x.plays_at, x.captured_at);
  }
  void operator()(const FrameDecoded& x) { words(x.stream, x.frame_number, x.ok, x.took); }
  void operator()(const FrameShown& x) { words(x.stream, x.frame_number, x.shown_at); }
  void operator()(const Command& x) {
    word(x.index());
    if (const auto* s = std::get_if<Subscribe>(&x)) words(s->origin, s->source, s->layer);
    if (const auto* key = std::get_if<RequestKey>(&x)) word(key->stream);
  }
  void operator()(const LocalStatus& x) { words(x.microphone, x.camera, x.document); }
  void operator()(const WallClock& x) { words(x.ntp, x.uncertainty); }
  void operator()(const TimePassed&) {}

  void operator()(const SendPacket& x) { words(x.path, x.kind, x.packet); }
  void operator()(const PathOpened& x) { words(x.path, x.peer, x.uplink, x.remote); }
  void operator()(const PathClosed& x) { word(x.path); }
  void operator()(const SetEncoder& x) {
    words(x.source, x.layer, x.active, x.rate, x.fps, x.idr, x.invalidate_from);
    // So that meetings that never need them keep their digests; each with a word of its own.
    if (x.temporal) word(1);
    if (x.hold) word(2);
    if (x.at_once) word(3);
  }
  void operator()(const PlayAudio& x) {
    words(x.origin, x.action, x.captured, x.captured_at, x.media);
  }
  void operator()(const DecodeFrame& x) {
    words(x.stream, x.frame_number, x.key, x.captured_at, x.media);
  }
  void operator()(const ShowFrame& x) { words(x.stream, x.frame_number, x.captured_at, x.at); }
  void operator()(const RecordBytes& x) {
    words(x.stream, x.frame_number, x.key, x.captured, x.captured_at, x.media);
  }
  void operator()(const Event& x) { words(x.kind, x.peer, x.detail); }

 private:
  Out& out_;
};

template <typename Boundary, typename Out>
void trace_any(Timestamp now, std::uint16_t bridge, std::uint64_t first_kind, const Boundary& what,
               Out& out) {
  Writer<Out> writer{out};
  writer.words(now, bridge, first_kind + what.index());
  std::visit(writer, what);
}

}  // namespace

void trace(Timestamp now, std::uint16_t bridge, const Input& input, Words& out) {
  trace_any(now, bridge, kFirstInputKind, input, out);
}

void trace(Timestamp now, std::uint16_t bridge, const Output& output, Words& out) {
  trace_any(now, bridge, kFirstOutputKind, output, out);
}

void trace(Timestamp now, std::uint16_t bridge, const Input& input, Digest& out) {
  trace_any(now, bridge, kFirstInputKind, input, out);
}

void trace(Timestamp now, std::uint16_t bridge, const Output& output, Digest& out) {
  trace_any(now, bridge, kFirstOutputKind, output, out);
}

}  // namespace diemcau::mesh
