// Which layers of one of our picture sources go to which peer, and what the encoders must do about
// it: run, stop, change their rate, refresh, forget lost frames.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/base/token_bucket.h"
#include "core/mesh/boundary.h"
#include "core/mesh/layer_set.h"
#include "core/units/bitrate.h"
#include "core/units/ids.h"
#include "core/units/time.h"

namespace diemcau::mesh {

class PageMemory;

// A layer runs while at least one peer gets it. A peer that moves to another layer gets that one
// from its next key frame on. Up, the old one goes on for a while, until the new one has surely
// been decoded; down, it ends with the key frame, because there is no room for both. Joins share
// key frames: one a second on average, two in a row at most, so that a roll-call of ten does not
// cost ten, and who is back a moment after the first need not wait. A move down waits a quarter of
// a second. Who is to get a layer at half rate gets its base from the next frame on; the layer is
// then in two temporal layers until some seconds after the last such peer: lines that are thin once
// are thin again. Where lo has three viewers or more, a layer is held while most of its own have
// not had the last picture: one that is not made is missed by nobody, one that is dropped breaks
// all that lean on it.
class LayerBoard {
 public:
  // With a memory, whoever comes to a layer that runs is brought up by that and not by a key frame,
  // when it can be. The memory outlives the board.
  explicit LayerBoard(std::size_t peers, Source source = Source::camera,
                      PageMemory* memory = nullptr)
      : source_(source), memory_(memory), peers_(peers) {}

  // From now on `peer` is to get this layer, or none; of its pictures all or half.
  void serve(Timestamp now, PeerId peer, std::optional<Layer> layer, bool half = false);
  void set_rate(Layer layer, Bitrate rate);
  // For how many peers the layer's last picture has not left, or not all of it.
  void set_waiting(Timestamp now, Layer layer, std::size_t peers) {
    const bool late = may_hold() && 2 * peers > served_to(layer);
    if (late != late_.has(layer)) set_late(now, layer, late);
  }
  // Held while no viewer's line answers. Where all do again the held picture is wanted at once.
  void look_for_silence(Layer layer, const std::function<bool(PeerId)>& silent);
  // Whether layers are held when most of their viewers wait: not where lo has a few.
  bool may_hold() const { return served_to(Layer::lo) >= kFewestViewers; }
  void request_key(Timestamp now, Layer layer);
  // `first_lost` is lost at some receiver: no later frame may lean on it.
  void invalidate(Timestamp now, Layer layer, std::uint32_t first_lost);
  // That frame will not go to this peer, and from `doubtful` on others may not arrive there.
  void frame_dropped(Timestamp now, PeerId peer, Layer layer, std::uint32_t frame,
                     std::uint32_t doubtful);
  // A receiver says so, or that it needs a key frame. It says it again before what answers it can
  // be there: for `takes` since it was made, a key frame answers all that was lost before it, and
  // of a document a picture around the loss answers that.
  void loss_reported(Timestamp now, PeerId peer, Layer layer, std::uint32_t first_lost,
                     Duration takes);
  void key_reported(Timestamp now, PeerId peer, Layer layer, Duration takes);
  struct Made {
    bool key = false;
    std::uint32_t number = 0, newest_needed = 0;
  };
  void frame_encoded(Timestamp now, Layer layer, const Made& frame);
  // All that the memory had for that peer is under way.
  void caught_up(Timestamp now, PeerId peer, Layer layer);
  void time_passed(Timestamp now) {
    if (waits()) look(now);
  }
  std::optional<Timestamp> deadline() const { return waits() ? first_due() : std::nullopt; }

  // Whether a frame of that layer goes to the peer.
  bool goes_to(PeerId peer, Layer layer) const {
    const Served& served = peers_[peer.value];
    return served.layer == layer || (served.next == layer && served.begun_at);
  }
  // What it gets, or will when the move is over.
  std::optional<Layer> serves(PeerId peer) const {
    const Served& served = peers_[peer.value];
    return served.next ? served.next : served.layer;
  }
  // Whether of a layer that goes to the peer only the base does.
  bool halves(PeerId peer, Layer layer) const {
    const Served& served = peers_[peer.value];
    return served.layer == layer ? served.half : served.next == layer && served.next_half;
  }
  // The same of what serves() says.
  bool serves_half(PeerId peer) const {
    const Served& served = peers_[peer.value];
    return served.next ? served.next_half : served.half;
  }
  // Whether it has nothing yet of what serves() says.
  bool comes_up(PeerId peer) const {
    const Served& served = peers_[peer.value];
    return served.next && !served.begun_at;
  }
  bool temporal(Layer layer) const { return state(layer).temporal; }
  bool active(Layer layer) const { return served_to(layer) > 0; }
  std::uint8_t pictures_a_second(Layer layer) const;
  // One due change, or none; poll until empty after every call above.
  std::optional<SetEncoder> poll() { return dirty_.none() ? std::nullopt : take_dirty(); }

 private:
  // The last frame that needs nothing from `lost` on; none: it is still to be made. A key frame
  // needs nothing at all.
  struct WayAround {
    std::uint32_t lost = 0;
    std::optional<std::uint32_t> frame;
    Timestamp since;  // made or asked for
    bool comes(Timestamp now, Duration takes) const;
    bool answers(std::uint32_t first_lost) const;
  };
  struct State {
    Bitrate rate;
    bool idr = false;  // the next SetEncoder carries the request
    bool idr_urgent = false;
    std::optional<Timestamp> last_idr_at, idr_before_at;
    std::optional<std::uint32_t> invalidate_from;
    std::optional<WayAround> around;
    struct Key {
      std::uint32_t number = 0;
      Timestamp made_at;
    };
    std::optional<Key> key;  // the last one
    std::uint32_t newest = 0;
    bool temporal = false;
    std::optional<Timestamp> temporal_ends;  // nobody needs it any more
    Timestamp late_since;                    // while it is late
  };
  struct Served {
    std::optional<Layer> layer;
    std::optional<Layer> next;          // moving there
    std::optional<Timestamp> begun_at;  // its key frame has been encoded
    bool half = false, next_half = false;
    // Key frames that its losses may cost everybody. The worst lines need one each second or two,
    // some together after an outage; more are spaced like those that are asked for.
    TokenBucket keys{10, 500ms};
    TokenBucket asked_keys{10, 2s};  // and that it may ask for
  };
  static constexpr std::array<Layer, 3> kLayers = {Layer::lo, Layer::mid, Layer::hi};
  // Of fewer it is their own paths that are late, not our line: a face beside a document, on a thin
  // path, stood for 0.4 s (0.1 without).
  static constexpr std::size_t kFewestViewers = 3;

  bool costs_key(Layer layer, std::uint32_t first_lost) const;
  State& state(Layer layer) { return states_[static_cast<std::size_t>(layer)]; }
  const State& state(Layer layer) const { return states_[static_cast<std::size_t>(layer)]; }
  std::uint32_t served_to(Layer layer) const { return served_to_[static_cast<std::size_t>(layer)]; }
  // Whether something will happen by itself: every input asks, and most of the time nothing will.
  // Held are only layers that are late.
  bool waits() const {
    return !key_waits_.none() || moving_ > 0 || temporal_due_ || late_ != held_;
  }
  void set_late(Timestamp now, Layer layer, bool late);
  std::optional<Timestamp> hold_due() const;
  void look(Timestamp now);
  std::optional<Timestamp> first_due() const;
  std::optional<SetEncoder> take_dirty();
  void want_key(Timestamp now, Layer layer, bool urgent);
  static Timestamp key_allowed_at(const State& s);
  void move(Timestamp now, PeerId peer, std::optional<Layer> layer, bool half);
  void begin(Timestamp now, Served& served);
  void arrive(Served& served);
  void keep_temporal(Timestamp now);
  void add(Layer layer);
  void remove(std::optional<Layer> layer);
  SetEncoder setting(Layer layer) const;

  // What every input asks stands first.
  LayerSet dirty_;                     // a SetEncoder is due
  LayerSet key_waits_;                 // asked for again within the spacing
  LayerSet late_;                      // for most of its viewers the last picture waits
  LayerSet held_;                      // since it has been late for long
  LayerSet silent_;                    // none of its viewers' lines answers
  LayerSet at_once_;                   // now all of them do
  std::array<PeerId, 4> answering_{};  // who was last found to
  Source source_;
  std::array<std::uint32_t, 4> served_to_{};  // viewers, by Layer
  std::size_t moving_ = 0;                    // peers with a move that has begun
  bool halved_ = false;                       // some layer is in two temporal layers, or is to be
  std::optional<Timestamp> temporal_due_;     // one of them ends
  PageMemory* memory_;
  std::array<State, 4> states_{};
  std::vector<Served> peers_;  // by PeerId
};

}  // namespace diemcau::mesh
