// Figures of one run, each from its recording alone (RFC 8868's metrics, and those of people who
// watch). Nothing: there was nothing to measure, which meets no bar.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/transport/recording.h"

namespace diemcau::judge {

using Figure = std::optional<double>;

// The value at `fraction` of them, linear between neighbours.
Figure quantile(std::vector<double> values, double fraction);
// (Σx)² / (n·Σx²): 1 when all are equal (Jain, Chiu and Hawe 1984).
Figure jain(std::span<const double> shares);

// ---------------------------------------------------------------- lines

// What a stream of hi and its sound take of a line of Ethernet at their full rates.
Bitrate full_rate(const sim::Scenario& scenario);

// Bits of ours ÷ Σ min(capacity, `most`), bin by bin.
Figure utilisation(const LineLog& line, Span span, std::optional<Bitrate> most);
// Waiting of our packets that entered in one of the spans, in ms.
Figure queue_ms(const LineLog& line, const std::vector<Span>& spans, double fraction);
// From the span's begin until no packet of ours waits 50 ms or more for a second, in s.
Figure seconds_to_drain(const LineLog& line, Span span);
// The longest time in the span without a packet of ours that waited less than 50 ms.
Figure longest_standing_queue_s(const LineLog& line, Span span);
// Ours that the full queue or the policer refused.
Figure drops(const LineLog& line, Span span);
// Those ÷ all of ours.
Figure drop_ratio(const LineLog& line, Span span);
// From the span's begin until ours get `share` of min(capacity, most) over 0.3 s; the end of these
// counts.
Figure seconds_to_rate(const LineLog& line, Span span, double share, std::optional<Bitrate> most);

// ---------------------------------------------------------------- flows

Figure arrived_kbps(const FlowLog& flow, Span span);
// From the span's begin until so much arrives over 0.3 s; the end of these counts.
Figure seconds_to_arrived(const FlowLog& flow, Span span, double kbps);
// What is sent because packets get lost ÷ what would be sent without.
Figure extra_bytes(const FlowLog& flow, Span span);
// The same without, in kbit/s: pictures, sound, and their headers.
Figure media_kbps(const FlowLog& flow, Span span);
// Arrived ÷ sent packets of the span, from 1: what was lost or under way.
Figure loss_ratio(const FlowLog& flow, Span span);

// ---------------------------------------------------------------- people

// The longest time in the span that no picture was shown, from its begin and to its end too.
Figure longest_picture_gap_ms(const FlowLog& flow, Span span);
// How often it was longer than that.
Figure picture_gaps(const FlowLog& flow, Span span, Duration longer_than);
// From `since` to the first picture that was captured after `captured_after`.
Figure picture_back_ms(const FlowLog& flow, Timestamp since, Timestamp captured_after);
Figure sound_back_ms(const FlowLog& flow, Timestamp since, Timestamp captured_after);
// From link up to the first picture of the layer while its encoder had 0.9 of `rate` or more.
Figure first_full_picture_ms(const FlowLog& flow, const EncoderLog& encoder, Layer layer,
                             Bitrate rate);
// Capture → shown, capture → loudspeaker.
Figure video_delay_ms(const FlowLog& flow, const std::vector<Span>& spans, double fraction);
Figure audio_delay_ms(const FlowLog& flow, const std::vector<Span>& spans, double fraction);
// From the span's begin until a second goes by in which no picture is later than `old_ms` + 30 ms.
Figure video_delay_back_s(const FlowLog& flow, Span span, double old_ms);
Figure audio_delay_back_s(const FlowLog& flow, Span span, double old_ms);
// Concealed ÷ all samples, from the first frame that was played on.
Figure concealed_ratio(const FlowLog& flow, const std::vector<Span>& spans);
Figure concealments(const FlowLog& flow, Span span);  // how often
// Gaps between pictures of max(3 × the average, the average + 150 ms) and more, as browsers count
// them: how many, and their part of the time.
Figure freezes(const FlowLog& flow, Span span);
Figure frozen_ratio(const FlowLog& flow, Span span);
// The same with the time to the span's end, when its last picture stands longer than that; no
// picture at all is frozen throughout.
Figure still_ratio(const FlowLog& flow, Span span);
// Pictures shown in a second.
Figure pictures_per_second(const FlowLog& flow, Span span);
// Pictures of that layer ÷ all that were shown.
Figure layer_ratio(const FlowLog& flow, Span span, Layer layer);
// R of ITU-T G.107 over the spans together.
Figure r_factor(const FlowLog& flow, const std::vector<Span>& spans);

// From turning a page to all of it on the screen: of the pages that were turned to in the span. One
// that never is whole counts as if it were when the span ends.
Figure page_ms(const FlowLog& flow, Span span, double fraction);
// From link up to the first page that was whole at somebody who came late.
Figure first_page_ms(const FlowLog& flow);
// What the layers of a document took in the span, of `page` bytes; nothing when none was shown.
Figure pages_made(const EncoderLog& encoder, Span span, ByteCount page);
// Pages that were whole ÷ all of the span; `expected` of them were turned.
Figure whole_pages_ratio(const FlowLog& flow, Span span, std::size_t expected);

// The seconds of a path, from `from` on: in none of them is a line interrupted, nor in the one
// before. `flooded`: somebody else's packets wait 20 ms or more in a FIFO of it then or in the
// second before.
struct Seconds {
  std::vector<Span> clear, flooded;
  std::vector<double> foreign_wait_ms;  // of the flooded ones, the longest
};
Seconds seconds_of(const Recording& r, std::size_t from, std::size_t to, Duration since);
// By how much R stays below what the E-model gives to the foreign queue and the path's delay
// without it, on average over the flooded seconds.
Figure r_below_flooded(const FlowLog& flow, const Seconds& seconds);
// How much earlier than its picture sound is (BT.1359: positive), at every picture.
Figure sound_ahead_ms(const FlowLog& flow, Span span, double fraction);

// ---------------------------------------------------------------- encoder

// Of its busiest layer.
Figure encodes_per_second(const EncoderLog& encoder, Span span);
// Frames after the first cut of the layer's rate by a fifth or more in the span, until one is no
// larger than what its rate allows and RFC 8593's source varies (1.6 of the average).
Figure frames_to_follow(const EncoderLog& encoder, Span span, Layer layer, std::uint8_t fps);

}  // namespace diemcau::judge
