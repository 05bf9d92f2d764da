// Owners of FFmpeg's objects, for the .cc files that use them.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

namespace diemcau::codecs {

struct FfmpegFree {
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
  void operator()(AVFormatContext* p) const { avformat_close_input(&p); }
  void operator()(AVFrame* p) const { av_frame_free(&p); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(SwrContext* p) const { swr_free(&p); }
  void operator()(SwsContext* p) const { sws_freeContext(p); }
};
template <typename T>
using FfmpegPtr = std::unique_ptr<T, FfmpegFree>;

inline std::string ffmpeg_reason(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

// FFmpeg writes to stderr for every broken packet, and every cluster that begins early, otherwise.
inline void silence_ffmpeg() { av_log_set_level(AV_LOG_QUIET); }

}  // namespace diemcau::codecs
