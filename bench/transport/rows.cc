#include "bench/transport/rows.h"

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

}  // namespace diemcau::judge
