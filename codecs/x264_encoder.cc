#include "codecs/x264_encoder.h"

#include <cstdint>
// x264.h needs <cstdint> first and has no C++ guard of its own.
extern "C" {
#include <x264.h>
}

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "codecs/capture_clock.h"
#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

// Feedback comes a round trip after the loss, and what waited at the sender is told of later still;
// the newest frame held that is not lost is what recovery starts from. When all are lost there is
// nothing but a key frame, for all viewers of the layer: 16 frames are 533 ms at 30 fps and the
// most that H.264 holds.
constexpr int kReferences = 16;
// Only the newest of them that are not lost are searched: on a camera's picture 8 cost half as much
// time again as 2 and give 0.05 dB. With 2, the scene before a flash is still at hand.
constexpr int kSearched = 2;
// A change then reaches the wire within 3 frames; with 300 ms it takes 6.
constexpr std::int64_t kBufferMs = 100;
// Text is sharp at this quality; a page that stands still would be refined for ever without the
// bound. With 28 all glyphs of a generated page are read from 34 kB on and 125 kB are the end; with
// 20 it takes 200 kB.
constexpr float kPageQuality = 23;
constexpr int kPageLeastQuantiser = 28;
// Capture intervals beyond these are pauses or clock steps, not a frame rate.
constexpr std::int64_t kShortestIntervalUs = 8'000;
constexpr std::int64_t kLongestIntervalUs = 1'000'000;

// MaxDpbMbs of the levels of our layers (ITU-T H.264 Table A-1).
constexpr std::array<std::pair<int, int>, 5> kLevels = {
    {{21, 4'752}, {30, 8'100}, {31, 18'000}, {40, 32'768}, {50, 110'400}}};

int macroblocks(int width, int height) { return (width + 15) / 16 * ((height + 15) / 16); }

// The smallest with room for the references.
int level_for(int width, int height) {
  const int held = macroblocks(width, height) * kReferences;
  for (const auto& [level, most] : kLevels) {
    if (held <= most) return level;
  }
  return kLevels.back().first;
}

struct Rates {
  int kbps = 0;
  int buffer_kbit = 0;
  bool operator==(const Rates&) const = default;
};

// x264 counts time in frames of the nominal rate, so the bitrate is turned into the one that gives
// the same bits per real frame.
Rates rates_for(Bitrate rate, std::int64_t interval_us, int nominal_fps) {
  const std::int64_t bps = std::clamp<std::int64_t>(rate.bps(), 8'000, 50'000'000);
  const std::int64_t bits_per_frame = bps * interval_us / 1'000'000;
  const std::int64_t kbps = std::max<std::int64_t>(1, bits_per_frame * nominal_fps / 1000);
  // With less than two frames of room, x264 leaves a fifth of a slow layer's rate unused.
  const std::int64_t buffer = std::max(bps * kBufferMs / 1000, 2 * bits_per_frame) / 1000;
  return {static_cast<int>(kbps),
          static_cast<int>(std::max({buffer, kbps / nominal_fps + 1, std::int64_t{1}}))};
}

// All of it may change between two frames of an open encoder (x264_encoder_reconfig).
void set_effort(x264_param_t& param, const x264_param_t& full, Effort effort) {
  const bool light = effort == Effort::light;
  param.i_frame_reference = light ? 1 : full.i_frame_reference;
  param.b_deblocking_filter = light ? 0 : full.b_deblocking_filter;
  param.analyse.inter = light ? 0 : full.analyse.inter;
  param.analyse.intra = light ? 0 : full.analyse.intra;
  param.analyse.i_subpel_refine = light ? 0 : full.analyse.i_subpel_refine;
}

void set_rates(x264_param_t& param, Rates rates) {
  if (param.rc.i_rc_method == X264_RC_ABR) param.rc.i_bitrate = rates.kbps;
  param.rc.i_vbv_max_bitrate = rates.kbps;
  param.rc.i_vbv_buffer_size = rates.buffer_kbit;
}

x264_param_t parameters(const LayerSettings& s) {
  x264_param_t param;
  DC_CHECK(x264_param_default_preset(&param, "superfast", "zerolatency") == 0);
  param.i_log_level = X264_LOG_NONE;
  param.i_threads = 1;
  param.b_sliced_threads = 0;  // zerolatency turned them on
  param.i_width = s.width;
  param.i_height = s.height;
  param.i_csp = X264_CSP_I420;
  param.b_vfr_input = 0;
  param.i_fps_num = static_cast<std::uint32_t>(s.fps);
  param.i_fps_den = 1;
  param.i_keyint_max = X264_KEYINT_MAX_INFINITE;
  param.i_scenecut_threshold = 0;
  param.b_intra_refresh = 0;  // it excludes invalidation
  param.i_bframe = 0;
  param.i_frame_reference = kSearched;
  param.i_dpb_size = kReferences;
  param.i_level_idc = level_for(s.width, s.height);
  param.i_slice_max_size = static_cast<int>(kMaxNalBytes);
  param.b_repeat_headers = 1;
  param.b_annexb = 1;
  param.b_aud = 0;
  param.rc.i_rc_method = s.content == Content::page ? X264_RC_CRF : X264_RC_ABR;
  if (s.content == Content::page) {
    param.rc.f_rf_constant = kPageQuality;
    param.rc.i_qp_min = kPageLeastQuantiser;
  }
  set_rates(param, rates_for(s.rate, 1'000'000 / s.fps, s.fps));
  const char* profile = s.profile == H264Profile::high ? "high" : "baseline";
  DC_CHECK(x264_param_apply_profile(&param, profile) == 0);
  return param;
}

ByteSpan without_start_code(const x264_nal_t& nal) {
  const ByteSpan bytes{nal.p_payload, static_cast<std::size_t>(nal.i_payload)};
  const auto one = std::find(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes.subspan(static_cast<std::size_t>(one - bytes.begin()) + 1);
}

struct Close {
  void operator()(x264_t* e) const { x264_encoder_close(e); }
};

// What the decoder holds, newest last; the encoder's own list keeps the same frames.
class ReferenceMirror {
 public:
  bool empty() const { return count_ == 0; }
  std::uint32_t first_since_key() const { return key_; }
  void forget_from(std::uint32_t number) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (held_[i].number >= number) held_[i].lost = true;
    }
  }
  // Newest and oldest frame that the next one may be made from; nothing when none is left.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> usable(int most) const {
    std::optional<std::pair<std::uint32_t, std::uint32_t>> range;
    int searched = 0;
    for (std::size_t i = count_; i-- > 0 && searched < most;) {
      if (held_[i].lost) continue;
      range = {range ? range->first : held_[i].number, held_[i].number};
      ++searched;
    }
    return range;
  }
  void add(std::uint32_t number, bool key, bool droppable) {
    if (key) {
      count_ = 0;
      key_ = number;
    }
    if (count_ == held_.size()) {
      std::copy(held_.begin() + 1, held_.begin() + count_, held_.begin());
      --count_;
    }
    held_[count_++] = {number, droppable};
  }

 private:
  struct Held {
    std::uint32_t number = 0;
    bool lost = false;  // at a receiver, or perhaps never sent
  };
  std::array<Held, kReferences> held_{};
  std::size_t count_ = 0;
  std::uint32_t key_ = 0;
};

}  // namespace

std::size_t EncodedFrame::size() const {
  std::size_t sum = 0;
  for (const ByteSpan nal : nals) sum += nal.size();
  return sum;
}

std::vector<std::uint8_t> EncodedFrame::annex_b() const {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(size() + 4 * nals.size());
  for (const ByteSpan nal : nals) {
    bytes.insert(bytes.end(), {0, 0, 0, 1});
    bytes.insert(bytes.end(), nal.begin(), nal.end());
  }
  return bytes;
}

struct X264Encoder::Impl {
  explicit Impl(const LayerSettings& s)
      : settings(s), next_number(s.first_frame_number), interval_us(1'000'000 / s.fps) {
    full = parameters(s);
    rates = rates_for(s.rate, interval_us, s.fps);
    encoder.reset(x264_encoder_open(&full));
    if (!encoder) {
      throw std::runtime_error("x264 cannot start: is there enough memory for the encoder?");
    }
  }

  // Smoothed over 8 frames: the rate follows a source that slows down, not its jitter. A single
  // long interval is a pause: followed, it would make what comes behind it several times as large.
  void follow_interval(Timestamp captured_at) {
    if (last_capture) {
      const std::int64_t us = to_us(captured_at - *last_capture);
      const std::int64_t bounded = std::clamp(us, kShortestIntervalUs, kLongestIntervalUs);
      const bool is_long = bounded > 2 * interval_us;
      if (!is_long || was_long) interval_us += (bounded - interval_us) / 8;
      was_long = is_long;
    }
    last_capture = captured_at;
  }

  void follow(Bitrate rate, Effort wanted_effort) {
    const Rates wanted = rates_for(rate, interval_us, settings.fps);
    const bool close = rate == asked && std::abs(wanted.kbps - rates.kbps) * 50 < rates.kbps;
    const bool same_rate = close || wanted == rates;
    if (same_rate && wanted_effort == effort) return;
    x264_param_t param;
    x264_encoder_parameters(encoder.get(), &param);
    if (!same_rate) {
      set_rates(param, wanted);
      rates = wanted;
      asked = rate;
    }
    effort = wanted_effort;
    set_effort(param, full, effort);
    DC_CHECK(x264_encoder_reconfig(encoder.get(), &param) == 0);
  }

  // True when the next frame must be a key frame.
  bool invalidate(std::optional<std::uint32_t> from) {
    if (!from || references.empty() || *from >= next_number) return false;
    if (*from <= references.first_since_key()) return true;
    references.forget_from(*from);
    DC_CHECK(x264_encoder_invalidate_reference(encoder.get(), std::int64_t{*from}) == 0);
    return false;
  }

  bool idr_is_due(Timestamp captured_at) const {
    return settings.max_idr_interval && last_idr &&
           captured_at - *last_idr >= *settings.max_idr_interval;
  }

  LayerSettings settings;
  x264_param_t full;  // as opened
  Effort effort = Effort::full;
  std::unique_ptr<x264_t, Close> encoder;
  ReferenceMirror references;
  EncodedFrame encoded;
  std::uint32_t next_number;
  std::int64_t interval_us;
  std::optional<Timestamp> last_capture;
  bool was_long = false;  // the last interval, against the average
  std::optional<Timestamp> last_idr;
  Rates rates;
  Bitrate asked;
};

X264Encoder::X264Encoder(const LayerSettings& settings) {
  DC_CHECK(settings.width >= 16 && settings.width <= 1280 && settings.width % 2 == 0);
  DC_CHECK(settings.height >= 16 && settings.height <= 720 && settings.height % 2 == 0);
  DC_CHECK(settings.fps >= 1 && settings.fps <= 60);
  impl_ = std::make_unique<Impl>(settings);
}
X264Encoder::~X264Encoder() = default;
X264Encoder::X264Encoder(X264Encoder&&) noexcept = default;
X264Encoder& X264Encoder::operator=(X264Encoder&&) noexcept = default;

const EncodedFrame& X264Encoder::encode(const VideoFrame& frame, const EncodeRequest& request) {
  Impl& s = *impl_;
  const Picture& picture = *frame.picture;
  DC_CHECK(picture.width == s.settings.width && picture.height == s.settings.height);
  const Timestamp began = monotonic_now();
  s.follow_interval(frame.captured_at);
  s.follow(request.rate, request.effort);
  const bool none_left = s.invalidate(request.invalidate_from);

  x264_picture_t in;
  x264_picture_init(&in);
  in.i_type =
      request.idr || none_left || s.idr_is_due(frame.captured_at) ? X264_TYPE_IDR : X264_TYPE_AUTO;
  in.i_pts = std::int64_t{s.next_number};
  in.img.i_csp = X264_CSP_I420;
  in.img.i_plane = 3;
  // x264 only reads its input, but its structure has no const.
  in.img.plane[0] = const_cast<std::uint8_t*>(picture.y());
  in.img.plane[1] = const_cast<std::uint8_t*>(picture.u());
  in.img.plane[2] = const_cast<std::uint8_t*>(picture.v());
  in.img.i_stride[0] = picture.width;
  in.img.i_stride[1] = in.img.i_stride[2] = picture.chroma_width();

  x264_nal_t* nals = nullptr;
  int count = 0;
  x264_picture_t out;
  const int size = x264_encoder_encode(s.encoder.get(), &nals, &count, &in, &out);
  DC_CHECK(size > 0 && out.i_pts == in.i_pts);

  EncodedFrame& e = s.encoded;
  e.nals.clear();
  for (const x264_nal_t& nal : std::span(nals, static_cast<std::size_t>(count))) {
    // The SEI only says which x264 this is, in 700 bytes.
    if (nal.i_type != NAL_SEI) e.nals.push_back(without_start_code(nal));
  }
  e.frame_number = s.next_number++;
  e.key = out.b_keyframe != 0;
  const auto usable = s.references.usable(s.effort == Effort::light ? 1 : kSearched);
  DC_CHECK(e.key || usable);
  e.newest_needed = e.key ? e.frame_number : usable->first;
  e.oldest_needed = e.key ? e.frame_number : usable->second;
  // x264 has P frames that are no reference in name only. What is invalidated at once is held by
  // the decoders, too, and used by nobody.
  const bool droppable = request.droppable && !e.key && !request.invalidate_from;
  e.temporal_id = droppable ? 1 : 0;
  s.references.add(e.frame_number, e.key, droppable);
  if (droppable) DC_CHECK(x264_encoder_invalidate_reference(s.encoder.get(), in.i_pts) == 0);
  if (e.key) s.last_idr = frame.captured_at;
  e.captured_at = frame.captured_at;
  e.encode_time = monotonic_now() - began;
  return e;
}

}  // namespace diemcau::codecs
