// Colours are told apart by lightness too, so that a black and white printout still says who is
// poor.
#include "sim/report_page.h"

#include "sim/html.h"

namespace diemcau::sim {

namespace {

constexpr std::string_view kStyle = R"css(
:root{--ink:#1c2733;--soft:#5b6875;--line:#d5dbe1;--good:#17734a;--fair:#b97a00;--poor:#a3201c;
--good-bg:#e3f3ea;--fair-bg:#fff2d6;--poor-bg:#fbe3e1;--blue:#1d4f91}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1000px;padding:28px 32px;color:var(--ink);background:#fff;
font:15px/1.5 "Noto Sans","DejaVu Sans",Arial,sans-serif}
header{border-bottom:3px solid var(--blue);padding-bottom:10px;margin-bottom:20px}
header .brand{color:var(--blue);font-weight:700;letter-spacing:.04em;text-transform:uppercase;
font-size:13px}
h1{font-size:25px;line-height:1.25;margin:2px 0}
h2{font-size:18px;margin:30px 0 6px;color:var(--blue);break-after:avoid}
h2 .en{font-size:13px;font-weight:400;margin-left:6px}
h3{font-size:15px;margin:14px 0 2px;break-after:avoid}
p{margin:4px 0}
.en{color:var(--soft);font-size:.84em}
p.en{margin:0 0 8px}
.hint{color:var(--soft);font-size:13px}
.verdict{border-left-style:solid;border-left-width:10px;border-radius:6px;padding:14px 18px;
break-inside:avoid}
.verdict .word{font-size:34px;font-weight:800;line-height:1.1;text-transform:uppercase}
.verdict .word .en{font-size:17px;font-weight:600;text-transform:none}
.verdict .lead{font-size:18px;font-weight:600;margin-top:4px}
.verdict ul{margin:8px 0 0;padding-left:20px}
.verdict li{margin:3px 0}.verdict li p{margin:0}
.good{border-color:var(--good);background:var(--good-bg)}.good .word{color:var(--good)}
.fair{border-color:var(--fair);background:var(--fair-bg)}.fair .word{color:#8a5a00}
.poor{border-color:var(--poor);background:var(--poor-bg)}.poor .word{color:var(--poor)}
.none{border-color:#9aa5b0;background:#eef1f4}.none .word{color:var(--soft)}
.chips{display:flex;flex-wrap:wrap;gap:6px;margin:8px 0}
.chip{border-style:solid;border-width:1px 1px 1px 6px;border-radius:4px;padding:3px 9px;
font-size:13px;break-inside:avoid}
.chip b{margin-right:6px}
.key{width:100%;border-collapse:collapse;font-size:13px;margin-top:6px}
.key td{padding:4px 8px;border:0;text-align:left}.key p{margin:0}
.key .chip{display:inline-block;white-space:nowrap}
table.data{border-collapse:collapse;width:100%;font-size:12.5px;font-variant-numeric:tabular-nums}
table.data th{border-bottom:2px solid var(--ink);padding:4px 6px;text-align:right;
vertical-align:bottom;line-height:1.25}
table.data th .en{display:block;font-weight:400}
table.data td{border-bottom:1px solid var(--line);padding:3px 6px;text-align:right}
table.data th.name,table.data td.name{text-align:left}
table.data tr{break-inside:avoid}
table.data td:not(.name),table.data td.short{white-space:nowrap}
table.compare td.name{min-width:150px}
table.compare td:last-child{white-space:normal;min-width:120px}
td.drawing svg{width:100px}
table.compare td{vertical-align:middle}
thead{display:table-header-group}
td.better{color:var(--good);font-weight:700}td.worse{color:var(--poor);font-weight:700}
td.undecided{color:var(--soft)}
.two{display:flex;gap:14px}.two>*{flex:1;min-width:0}
svg{width:100%;height:auto;display:block;break-inside:avoid}
svg text{font:11px "Noto Sans","DejaVu Sans",Arial,sans-serif;fill:var(--ink)}
svg .tick{font-size:10px;fill:var(--soft)}svg .label{font-size:11px;fill:var(--soft)}
svg .plottitle{font-size:12.5px;font-weight:700}
svg .marktext{font-size:10px;fill:var(--poor);stroke:#fff;stroke-width:3px;paint-order:stroke}
svg .grid{stroke:#e6eaee}svg .axis{stroke:var(--ink)}
svg .mark{stroke:var(--poor);stroke-dasharray:5 3}
svg polyline{fill:none;stroke-width:2;stroke-linejoin:round}
svg .a1{stroke:#a3201c}svg .a2{stroke:#e08a7d;stroke-dasharray:6 3}
svg .v1{stroke:#1d4f91}svg .v2{stroke:#7fa8d9;stroke-dasharray:6 3}
svg circle{stroke:none;fill-opacity:.55}svg circle.a{fill:#a3201c}svg circle.v{fill:#1d4f91}
svg .outage{fill:#fbd3d6}
svg .bq{fill:#a3201c}svg .bw{fill:#e0a030}svg .bo{fill:#44546a}svg .bl{fill:#6fa3d8}
svg .bc{fill:#2f8f6b}
svg .cg{fill:#9fd3b6}svg .cf{fill:#f6cf7a}svg .cp{fill:#d9605a}svg .cn{fill:#e6eaee}
svg .self{fill:#f6f7f9}
svg text.onpoor{fill:#fff;font-weight:700}
svg .span{stroke:var(--ink);stroke-width:2}svg .zero{stroke:var(--soft);stroke-dasharray:2 2}
svg .mean{fill:var(--ink);fill-opacity:1}
.bar{display:inline-block;height:10px;vertical-align:middle}
.bq{background:#a3201c}.bw{background:#e0a030}.bo{background:#44546a}.bp{background:#7d4fa0}
.bl{background:#6fa3d8}.bc{background:#2f8f6b}
pre{background:#f6f7f9;border:1px solid var(--line);border-radius:4px;padding:10px 12px;
font:11.5px/1.45 "DejaVu Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.decision{border:2px solid var(--blue);border-radius:6px;padding:16px 20px;margin-top:30px}
.decision h2{margin-top:0;font-size:21px}
.fill{border-bottom:1px dotted var(--ink);display:inline-block;min-width:210px;height:1.4em}
.fillbox{border:1px solid var(--soft);border-radius:3px;height:74px;margin-top:4px}
.decision table{margin-top:12px}.decision .two{margin-top:6px}
.two ul{padding-left:18px;margin:4px 0}
footer{margin-top:26px;border-top:1px solid var(--line);padding-top:8px;color:var(--soft);
font-size:12px;overflow-wrap:anywhere}
@page{size:A4;margin:14mm}
@media print{
body{max-width:none;padding:0;font-size:11.5px}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
h1{font-size:20px}h2{font-size:15px;margin-top:18px}
.verdict .word{font-size:26px}.verdict .lead{font-size:14px}
table.data{font-size:9.5px}.hint{font-size:10.5px}
td.drawing svg{width:80px}table.compare td:last-child{min-width:90px}
.chip,.key{font-size:10.5px}pre{font-size:8.5px}
.decision{break-before:page;margin-top:0}
}
)css";

}  // namespace

std::string program_version() { return DIEMCAU_VERSION " (" DIEMCAU_COMMIT ")"; }

std::string page(const Words& title, std::string_view subject, const std::string& body) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\"/>\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n";
  out += "<title>" + escaped(title.vi) + " – " + escaped(subject) + "</title>\n";
  out += "<style>" + std::string(kStyle) + "</style>\n</head>\n<body>\n<header>\n";
  out += "<div class=\"brand\">Điểm Cầu</div>\n<h1>" + escaped(title.vi) + "</h1>\n";
  out += "<p class=\"en\" lang=\"en\">" + escaped(title.en) + "</p>\n<p><b>" + escaped(subject) +
         "</b></p>\n</header>\n";
  return out + body + "</body>\n</html>\n";
}

std::string heading(const Words& words) { return "<h2>" + beside(words) + "</h2>\n"; }

std::string head_cell(const Words& words, std::string_view cls) {
  return "<th" + (cls.empty() ? "" : " class=\"" + std::string(cls) + "\"") + ">" +
         escaped(words.vi) + "<span class=\"en\" lang=\"en\">" + escaped(words.en) + "</span></th>";
}

}  // namespace diemcau::sim
