#include "bench/transport/rows.h"

#include <algorithm>
#include <utility>

namespace diemcau::judge {

Row used(const std::string& line, Bar bar, Span span) {
  return {"utilisation", "ratio", bar, [=](const Recording& r) {
            return utilisation(r.line(line), span, full_rate(r.scenario));
          }};
}

Row queue_p95(const std::string& line, Bar bar, std::vector<Span> spans) {
  return {"queue_p95", "ms", bar, [line, spans = std::move(spans)](const Recording& r) {
            return queue_ms(r.line(line), spans, 0.95);
          }};
}

Row key_frames(Bar bar, Span span) {
  return {"key_frames", "1/min", bar, [=](const Recording& r) {
            const auto& pictures = r.encoders[r.member("sender")].pictures;
            const auto count = std::count_if(
                pictures.begin(), pictures.end(),
                [&](const EncodedPicture& p) { return p.key && span.contains(p.at); });
            return Figure{static_cast<double>(count) * to_ms_double(60s) /
                          to_ms_double(span.to - span.from)};
          }};
}

}  // namespace diemcau::judge
