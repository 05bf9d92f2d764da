// A meeting in which a document is shown: sound must not notice, and everybody must read it soon.
#include <algorithm>
#include <string>

#include "bench/transport/cases.h"

namespace diemcau::judge {

namespace {

using R = Recording;

// The pages turned at 10, 20 … 50 s; the one of 60 s is put away after five.
const Span kShown = from_to(8, 60);
constexpr std::size_t kPages = 5;

Row whole_pages(const std::string& to) {
  return {"pages_whole_at_" + to, "ratio", least(1),
          [to](const R& r) { return whole_pages_ratio(r.flow("shows", to), kShown, kPages); }};
}

Row page(const std::string& to, double fraction, const char* name, Bar bar) {
  return {std::string(name) + "_at_" + to, "ms", bar,
          [to, fraction](const R& r) { return page_ms(r.flow("shows", to), kShown, fraction); }};
}

// Of everybody's sound, at `to`.
Row concealed(const std::string& to, Bar bar) {
  return {"audio_concealed_worst_at_" + to, "ratio", bar, [to](const R& r) {
            Figure worst;
            for (const std::string& from : r.names) {
              if (from == to) continue;
              const Figure f = concealed_ratio(r.flow(from, to), {from_to(5, 70)});
              if (!f) return Figure{};
              worst = std::max(worst.value_or(0), *f);
            }
            return worst;
          }};
}

// A member comes in while the first page stands.
Case late_case() {
  constexpr Span kAfter = from_to(55, 85);
  const auto bytes = [](const R& r) {
    return r.scenario.members[r.member("shows")].documents[0].page;
  };
  std::vector<Row> rows;
  // As an ordinary page of the case above, at two thirds of its rate: another member wants a part;
  // with a round trip and its subscription.
  rows.push_back({"first_page_at_late", "ms", most(2'500),
                  [](const R& r) { return first_page_ms(r.flow("shows", "late")); }});
  // A page that stands takes 1.2 kB a second in hi and 0.6 in mid: 54 kB in these 30 s, of 70.
  // Whoever gets the page anew because of one who comes gets it on top of that.
  rows.push_back({"pages_made_after", "pages", most(0.9), [=](const R& r) {
                    return pages_made(r.encoders[r.member("shows")], kAfter, bytes(r));
                  }});
  rows.push_back(concealed("reads", most(0.002)));
  return {"document-late", "document-late", {}, {{"shows", "late"}, {"shows", "reads"}}, rows};
}

}  // namespace

std::vector<Case> document_cases() {
  // 70 kB are 560 kbit, and a page in forty is 60 % more. Hi is as fast as the slowest of its
  // viewers has room for. What shows the page has an uplink that is known to carry what was sent
  // over it, 3 Mbit/s: a member's part of that is 580 kbit/s, of which two thirds are the page's
  // once sound and headers are out: 300, and the encoder makes 0.956 of them. So 1.95 s, 3.1 s for
  // the largest, and a quarter of a second for encoder, line, buffer and repair.
  const Bar ordinary = most(2'300), large = most(3'500);
  // A third of the thin line is 333 kbit/s; what sound, headers and repair leave, some 220, is the
  // page's while it is turned, and half of that when two others have just grown: 2.7 to 5.3 s, 8.5
  // s for the largest.
  const Bar slow = most(5'300), slowest = most(8'800);
  std::vector<Row> rows;
  for (const char* to : {"central", "reads", "thin"}) rows.push_back(whole_pages(to));
  for (const char* to : {"central", "reads"}) {
    rows.push_back(page(to, 0.5, "page_p50", ordinary));
    rows.push_back(page(to, 1, "page_worst", large));
  }
  rows.push_back(page("thin", 0.5, "page_p50", slow));
  rows.push_back(page("thin", 1, "page_worst", slowest));
  // The thin line's own: without a document it is as much (docs/TRANSPORT.md).
  rows.push_back(concealed("thin", most(0.006)));
  rows.push_back(concealed("reads", most(0.002)));
  // Beside a page the face of whoever shows it goes on, on an ordinary line without a gap.
  rows.push_back({"face_gap_beside_a_page", "ms", most(200), [](const R& r) {
                    return longest_picture_gap_ms(r.flow("shows", "reads"), from_to(12, 64));
                  }});
  return {{"document", "document", {}, {{"shows", "reads"}, {"shows", "thin"}}, rows}, late_case()};
}

}  // namespace diemcau::judge
