// libavformat makes the bytes; they are gathered here and leave in whole clusters.
#include "node/matroska.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/mem.h>
}

#include "codecs/ffmpeg_types.h"
#include "codecs/opus_decoder.h"
#include "core/base/check.h"

namespace diemcau::node {

namespace {

constexpr std::size_t kIoBufferBytes = 64U << 10;
constexpr const char* kClusterLimitMs = "480";  // a cluster closes with the packet that passes it
constexpr auto kBetweenSyncs = std::chrono::milliseconds(400);

struct Nal {
  unsigned type = 0;
  ByteSpan with_start_code;
};

std::size_t next_start_code(ByteSpan b, std::size_t from) {
  for (std::size_t i = from; i + 3 <= b.size(); ++i) {
    if (b[i] == 0 && b[i + 1] == 0 && b[i + 2] == 1) return i;
  }
  return b.size();
}

// The first NAL unit of `type`, nothing when there is none.
ByteSpan find_nal(ByteSpan b, unsigned type) {
  for (std::size_t at = next_start_code(b, 0); at + 3 < b.size();) {
    const std::size_t next = next_start_code(b, at + 3);
    if ((b[at + 3] & 0x1FU) == type) {
      std::size_t end = next;
      while (end > at + 4 && b[end - 1] == 0) --end;  // zeros belong to the next start code
      return b.subspan(at, end - at);
    }
    at = next;
  }
  return {};
}

void append_nal(std::vector<std::uint8_t>& out, ByteSpan nal) {
  out.push_back(0);  // the four-byte form, which every reader takes for the beginning of Annex B
  out.insert(out.end(), nal.begin(), nal.end());
}

std::uint8_t* padded_copy(ByteSpan bytes) {
  auto* copy = static_cast<std::uint8_t*>(av_mallocz(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  DC_CHECK(copy != nullptr);
  std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

// RFC 7845 §5.1.
std::array<std::uint8_t, 19> opus_head() {
  std::array<std::uint8_t, 19> h{'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 1};
  h[10] = codecs::kOpusPreSkip & 0xFF;
  h[11] = codecs::kOpusPreSkip >> 8;
  h[12] = 48'000 & 0xFF;
  h[13] = 48'000 >> 8;
  return h;
}

}  // namespace

std::optional<MatroskaVideo> video_track_of(ByteSpan key_frame) {
  const ByteSpan sps = find_nal(key_frame, 7);
  const ByteSpan pps = find_nal(key_frame, 8);
  if (sps.size() < 8 || pps.empty()) return std::nullopt;
  MatroskaVideo video;
  append_nal(video.headers, sps);
  append_nal(video.headers, pps);

  codecs::silence_ffmpeg();
  AVCodecParserContext* parser = av_parser_init(AV_CODEC_ID_H264);
  AVCodecContext* context = avcodec_alloc_context3(nullptr);
  DC_CHECK(parser != nullptr && context != nullptr);
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  std::uint8_t* padded = padded_copy(key_frame);
  std::uint8_t* unused = nullptr;
  int unused_size = 0;
  av_parser_parse2(parser, context, &unused, &unused_size, padded,
                   static_cast<int>(key_frame.size()), AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
  video.width = parser->width;
  video.height = parser->height;
  av_free(padded);
  avcodec_free_context(&context);
  av_parser_close(parser);
  if (video.width <= 0 || video.height <= 0) return std::nullopt;
  return video;
}

struct MatroskaFile::Impl {
  int fd = -1;
  bool sync = true;
  AVFormatContext* format = nullptr;
  AVPacket* packet = nullptr;
  int video_index = -1;
  int audio_index = -1;
  std::int64_t last_ms[2] = {INT64_MIN, INT64_MIN};
  std::vector<std::uint8_t> pending;  // made by the muxer, not written yet
  std::int64_t position = 0;          // in the file, of the first pending byte
  std::int64_t size = 0;              // of the file
  std::uint64_t written = 0;
  std::optional<Duration> sync_time;
  std::optional<std::chrono::steady_clock::time_point> synced_at;
  bool unsynced = false;
  int error = 0;
  bool closed = false;

  static int on_write(void* self, std::uint8_t* data, int size) {
    auto& impl = *static_cast<Impl*>(self);
    impl.pending.insert(impl.pending.end(), data, data + size);
    return size;
  }
  static std::int64_t on_seek(void* self, std::int64_t offset, int whence) {
    auto& impl = *static_cast<Impl*>(self);
    if (whence == AVSEEK_SIZE || !impl.flush()) return -1;
    if (whence == SEEK_CUR) offset += impl.position;
    if (whence == SEEK_END) return -1;
    impl.position = offset;
    return offset;
  }

  // Everything pending in one write. A short one at the end (a full disk) is cut off again; the
  // first bytes, which are written anew at the close, stand in front of all that there is.
  bool flush() {
    if (error != 0) return false;
    if (pending.empty()) return true;
    const auto begin = std::chrono::steady_clock::now();
    const ssize_t done = ::pwrite(fd, pending.data(), pending.size(), position);
    if (done != static_cast<ssize_t>(pending.size())) {
      error = done < 0 ? errno : ENOSPC;
      if (position == size && ::ftruncate(fd, size) != 0) return false;
      return false;
    }
    unsynced = sync;
    const bool to_disk = closed || sync_due(begin);
    if (to_disk && !sync_now(begin)) return false;
    position += done;
    size = std::max(size, position);
    written += static_cast<std::uint64_t>(done);
    pending.clear();
    return true;
  }
  // How soon a cluster is full is the sender's choice, and the disk is everybody's.
  bool sync_due(std::chrono::steady_clock::time_point now) const {
    return !synced_at || now - *synced_at >= kBetweenSyncs;
  }
  // What was begun then goes to the disk.
  bool sync_now(std::chrono::steady_clock::time_point begin) {
    if (!unsynced) return true;
    if (::fdatasync(fd) != 0) {
      error = errno;
      return false;
    }
    unsynced = false;
    synced_at = begin;
    sync_time = std::chrono::steady_clock::now() - begin;
    return true;
  }

  void add_tracks(const Options& options) {
    if (options.video) {
      AVStream* stream = avformat_new_stream(format, nullptr);
      video_index = stream->index;
      stream->time_base = {1, 1000};
      // The densest that pictures come. Programs that guess the rate from a stretch at half of it
      // complain about times that are too close.
      stream->avg_frame_rate = {30, 1};
      AVCodecParameters* par = stream->codecpar;
      par->codec_type = AVMEDIA_TYPE_VIDEO;
      par->codec_id = AV_CODEC_ID_H264;
      par->width = options.video->width;
      par->height = options.video->height;
      par->extradata = padded_copy(options.video->headers);
      par->extradata_size = static_cast<int>(options.video->headers.size());
    }
    if (options.audio) {
      AVStream* stream = avformat_new_stream(format, nullptr);
      audio_index = stream->index;
      stream->time_base = {1, 1000};
      AVCodecParameters* par = stream->codecpar;
      par->codec_type = AVMEDIA_TYPE_AUDIO;
      par->codec_id = AV_CODEC_ID_OPUS;
      par->sample_rate = 48'000;
      av_channel_layout_default(&par->ch_layout, 1);
      par->initial_padding = static_cast<int>(codecs::kOpusPreSkip);
      par->seek_preroll = 3840;  // 80 ms, RFC 7845 §4.6
      const auto head = opus_head();
      par->extradata = padded_copy(head);
      par->extradata_size = static_cast<int>(head.size());
    }
  }

  void open(const Options& options) {
    codecs::silence_ffmpeg();
    DC_CHECK(avformat_alloc_output_context2(&format, nullptr, "matroska", nullptr) >= 0);
    packet = av_packet_alloc();
    auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBufferBytes));
    DC_CHECK(packet != nullptr && buffer != nullptr);
    format->pb = avio_alloc_context(buffer, static_cast<int>(kIoBufferBytes), 1, this, nullptr,
                                    &Impl::on_write, &Impl::on_seek);
    DC_CHECK(format->pb != nullptr);
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    // Times are ours; a shift by the muxer would move them away from the capture times.
    format->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
    if (!options.title.empty()) av_dict_set(&format->metadata, "title", options.title.c_str(), 0);
    if (!options.began.empty())
      av_dict_set(&format->metadata, "creation_time", options.began.c_str(), 0);
    add_tracks(options);
    AVDictionary* mux = nullptr;
    av_dict_set(&mux, "cluster_time_limit", kClusterLimitMs, 0);
    const int made = avformat_write_header(format, &mux);
    av_dict_free(&mux);
    if (made < 0 && error == 0) error = EINVAL;
    avio_flush(format->pb);
    flush();
  }

  bool write(int index, Duration at, bool key, Duration length, ByteSpan bytes) {
    if (error != 0 || closed || index < 0) return false;
    // Nearest millisecond; never back within a track, which readers take for damage.
    std::int64_t ms = (to_ns(at) + (to_ns(at) < 0 ? -500'000 : 500'000)) / 1'000'000;
    ms = std::max(ms, last_ms[index] + 1);
    last_ms[index] = ms;
    packet->data = const_cast<std::uint8_t*>(bytes.data());  // the muxer only reads it
    packet->size = static_cast<int>(bytes.size());
    packet->stream_index = index;
    packet->pts = packet->dts = ms;
    packet->duration = to_ms(length);
    packet->flags = key ? AV_PKT_FLAG_KEY : 0;
    const int made = av_write_frame(format, packet);
    packet->data = nullptr;
    packet->size = 0;
    if (made < 0 && error == 0) error = EINVAL;
    return flush();
  }

  bool close() {
    if (closed) return error == 0;
    closed = true;
    if (error == 0) {
      if (av_write_trailer(format) < 0 && error == 0) error = EIO;
      avio_flush(format->pb);
      flush();
    }
    av_freep(&format->pb->buffer);
    avio_context_free(&format->pb);
    avformat_free_context(format);
    av_packet_free(&packet);
    if (::close(fd) != 0 && error == 0) error = errno;
    return error == 0;
  }
};

MatroskaFile::MatroskaFile(int fd, Options options) : impl_(std::make_unique<Impl>()) {
  DC_CHECK(options.video || options.audio);
  impl_->fd = fd;
  impl_->sync = options.sync;
  impl_->open(options);
}
MatroskaFile::~MatroskaFile() { impl_->close(); }

bool MatroskaFile::write_video(Duration at, bool key, ByteSpan access_unit) {
  return impl_->write(impl_->video_index, at, key, Duration{0}, access_unit);
}
bool MatroskaFile::write_audio(Duration at, ByteSpan packet) {
  // A decoder gives the first sample that went in only after the lookahead.
  const Duration lookahead{codecs::kOpusPreSkip * 1'000'000'000 / 48'000};
  return impl_->write(impl_->audio_index, at - lookahead, true, 20ms, packet);
}
bool MatroskaFile::close() { return impl_->close(); }
bool MatroskaFile::failed() const { return impl_->error != 0; }
int MatroskaFile::error() const { return impl_->error; }
std::uint64_t MatroskaFile::bytes_written() const { return impl_->written; }
bool MatroskaFile::settle() {
  const auto now = std::chrono::steady_clock::now();
  return impl_->error == 0 && (!impl_->sync_due(now) || impl_->sync_now(now));
}
std::optional<Duration> MatroskaFile::take_sync_time() {
  return std::exchange(impl_->sync_time, std::nullopt);
}

}  // namespace diemcau::node
