// Every sentence of the lab's reports, Vietnamese first: the one place to read or correct them.
// {0}, {1}, … are filled in. Those of impaired seconds: impairment_texts.h.
#pragma once

namespace diemcau::sim {

struct Words {
  const char* vi;
  const char* en;
};

namespace words {

// ------------------------------------------------------------------ meeting figures
constexpr Words kAudioRWorst{"Tiếng: điểm R kém nhất", "Sound: worst R"};
constexpr Words kAudioRMedian{"Tiếng: điểm R ở giữa", "Sound: median R"};
constexpr Words kAudioDelay{"Tiếng: độ trễ p95 lớn nhất", "Sound: largest p95 delay"};
constexpr Words kAudioConcealed{"Tiếng phải bù, nhiều nhất", "Sound made up, worst"};
constexpr Words kResidualLoss{"Mất gói còn lại sau khi sửa, nhiều nhất",
                              "Loss left after repair, worst"};
constexpr Words kVideoDelay{"Hình: độ trễ p95 lớn nhất", "Picture: largest p95 delay"};
constexpr Words kFreezes{"Số lần hình đứng mỗi phút, nhiều nhất", "Freezes per minute, worst"};
constexpr Words kFreezeShare{"Tỷ lệ thời gian hình đứng, nhiều nhất",
                             "Share of time frozen, worst"};
constexpr Words kBridgesGood{"Tỷ lệ điểm cầu tốt (R ≥ 85, hình đứng ≤ 1 %)",
                             "Share of good bridges (R ≥ 85, still ≤ 1 %)"};
constexpr Words kLinkUtilisation{"Đường truyền đầy nhất", "Fullest line"};

// ------------------------------------------------------------------ verdict
constexpr Words kRunTitle{"Báo cáo chất lượng phiên họp mô phỏng",
                          "Quality report of a simulated meeting"};
constexpr Words kGood{"Tốt", "Good"};
constexpr Words kFair{"Trung bình", "Fair"};
constexpr Words kPoor{"Kém", "Poor"};
constexpr Words kNotMeasured{"Chưa đo được", "Not measured"};
constexpr Words kMeetingGood{"Phiên tiếp công dân có thể tiến hành bình thường.",
                             "The reception session can go on normally."};
constexpr Words kMeetingFair{"Họp được, nhưng có điểm cầu nghe hoặc thấy chưa tốt.",
                             "The session can be held, but some bridges do not hear or see well."};
constexpr Words kMeetingPoor{"Có điểm cầu chưa bảo đảm để tiếp công dân.",
                             "Some bridges are not fit for receiving citizens."};
constexpr Words kMeetingUnmeasured{"Không đo được âm thanh trong lượt chạy này.",
                                   "No sound was measured in this run."};
constexpr Words kBridgeCount{"{0} điểm cầu: {1} tốt, {2} trung bình, {3} kém.",
                             "{0} bridges: {1} good, {2} fair, {3} poor."};
constexpr Words kWorst{"Điểm cầu yếu nhất: {0} (R = {1}, MOS = {2}).",
                       "Weakest bridge: {0} (R = {1}, MOS = {2})."};
constexpr Words kWorstPicture{"Ở hướng giữa, hình của điểm cầu này đứng {0} % thời gian.",
                              "In the middle direction its picture stood still {0} % of the time."};
constexpr Words kAllAlike{"Không có điểm cầu nào kém hẳn; thấp nhất là {0} (R = {1}).",
                          "No bridge stands out; the lowest is {0} (R = {1})."};
constexpr Words kCauseQueue{
    "Nguyên nhân: đường truyền {0} quá tải, hàng đợi đầy và bỏ {1} gói (đã dùng {2} % dung lượng). "
    "Cách khắc phục: hạ tốc độ hình hoặc thuê đường truyền rộng hơn.",
    "Cause: line {0} is overloaded, its queue was full and dropped {1} packets ({2} % of its "
    "capacity in use). Remedy: lower the video bitrate or rent a wider line."};
constexpr Words kCauseWire{
    "Nguyên nhân: đường truyền {0} làm mất {1} gói dọc đường. Cách khắc phục: đề nghị nhà mạng "
    "kiểm "
    "tra đường dây và đầu nối.",
    "Cause: line {0} lost {1} packets on the way. Remedy: have the provider check cable and "
    "connectors."};
constexpr Words kCauseOutage{
    "Nguyên nhân: đường truyền {0} bị gián đoạn, mất {1} gói. Cách khắc phục: bố trí đường dự "
    "phòng.",
    "Cause: line {0} was interrupted and lost {1} packets. Remedy: provide a backup line."};
constexpr Words kCausePolicer{
    "Nguyên nhân: nhà mạng cắt {1} gói vượt giới hạn trên đường truyền {0}. Cách khắc phục: hỏi "
    "nhà "
    "mạng về giới hạn tốc độ của gói cước.",
    "Cause: the provider cut {1} packets above its limit on line {0}. Remedy: ask the provider "
    "about "
    "the tariff's limit."};
constexpr Words kCauseDelay{
    "Nguyên nhân: độ trễ lớn, 95 % âm thanh đến trong {0} ms (nên ≤ 150 ms). Cách khắc phục: tách "
    "lưu lượng khác khỏi đường truyền của buổi họp, giảm hàng đợi ở modem.",
    "Cause: long delay, 95 % of the sound arrives within {0} ms (should be ≤ 150 ms). Remedy: keep "
    "other traffic off the meeting's line, shorten the modem's queue."};
constexpr Words kCauseUnclear{
    "Nguyên nhân: các đường truyền của điểm cầu này không mất gói nào; xem các điểm cầu khác.",
    "Cause: the lines of this bridge lost nothing; look at the other bridges."};
constexpr Words kDelayLine{
    "Trễ âm thanh: ở hướng chậm nhất, 95 % đến trong {0} ms (ITU-T G.114 khuyến nghị ≤ 150 ms).",
    "Sound delay: in the slowest direction 95 % arrives within {0} ms (ITU-T G.114: ≤ 150 ms)."};
constexpr Words kPictureLine{
    "Hình: ở hướng kém nhất, hình đứng {0} % thời gian, {1} lần mỗi phút.",
    "Picture: in the worst direction it stood still {0} % of the time, {1} times a minute."};
constexpr Words kLineLine{"Đường truyền đầy nhất: {0}, dùng {1} % dung lượng.",
                          "Fullest line: {0}, {1} % of its capacity in use."};
constexpr Words kGoodMeans{
    "Nghe rõ như điện thoại tốt, hình liền mạch, nói chuyện tự nhiên.",
    "As clear as a good telephone, the picture moves; people talk naturally."};
constexpr Words kFairMeans{
    "Nghe được, có lúc ngắt tiếng, trễ thấy rõ hoặc hình khựng; đôi khi phải nhắc lại.",
    "Intelligible, with gaps, delay or a halting picture at times; some repeating."};
constexpr Words kPoorMeans{
    "Khó nghe, hay mất tiếng hoặc hình đứng lâu; không nên tiếp công dân qua đường này.",
    "Hard to follow, sound often lost or the picture still; not fit for receiving citizens."};
constexpr Words kGoodRange{"R ≥ 85, hình đứng ≤ 1 %", "R ≥ 85, still ≤ 1 %"};
constexpr Words kFairRange{"R ≥ 75, hình đứng ≤ 5 %", "R ≥ 75, still ≤ 5 %"};
constexpr Words kPoorRange{"R < 75 hoặc hình đứng > 5 %", "R < 75, or still > 5 %"};

// ------------------------------------------------------------------ sections
constexpr Words kVerdict{"Kết luận", "Verdict"};
constexpr Words kBridges{"Từng điểm cầu", "Bridge by bridge"};
constexpr Words kHeat{"Chất lượng tiếng giữa các điểm cầu (điểm R, 0–100)",
                      "Sound quality from bridge to bridge (R, 0–100)"};
constexpr Words kHeatHint{
    "Hàng: nơi nói. Cột: nơi nghe. R từ 85 là tốt, từ 75 là trung bình. Rê chuột lên ô để xem MOS.",
    "Row: who speaks. Column: who hears. R from 85 is good, from 75 fair. Hover for MOS."};
constexpr Words kDelays{"Độ trễ", "Delay"};
constexpr Words kDelayHint{
    "Đường càng dốc và càng về bên trái càng tốt. Điểm trên đường: bao nhiêu % gói (hoặc âm thanh, "
    "khung hình) đến trong chừng ấy thời gian.",
    "Steeper and further left is better. A point says how many % (of packets, sound, frames) "
    "arrive within that time."};
constexpr Words kOneWay{"Trên đường truyền, một chiều", "one way"};
constexpr Words kEndToEnd{"Trọn đường: từ nói đến nghe, từ quay đến xem", "end to end"};
constexpr Words kAudioWorstFlow{"tiếng, hướng kém nhất", "sound, worst"};
constexpr Words kAudioMedianFlow{"tiếng, hướng ở giữa", "sound, median"};
constexpr Words kVideoWorstFlow{"hình, hướng kém nhất", "picture, worst"};
constexpr Words kVideoMedianFlow{"hình, hướng ở giữa", "picture, median"};
constexpr Words kScatter{"Tốc độ nhận và độ trễ p95 của từng luồng",
                         "Received rate and p95 delay of every flow"};
constexpr Words kSeconds{"Theo thời gian", "Over time"};
constexpr Words kSecondsHint{
    "Đậm: điểm cầu yếu nhất. Nhạt: điểm cầu ở giữa. Nền hồng: có đường truyền bị gián đoạn.",
    "Dark: weakest bridge. Light: median bridge. Pink: a line was interrupted."};
constexpr Words kLosses{"Mất gói: ở đâu, vì sao", "Losses: where and why"};
constexpr Words kFlows{"Các luồng", "Flows"};
constexpr Words kFlowsCut{"Chỉ in {0} luồng xấu nhất trong {1} luồng; đủ trong flows.csv.",
                          "The worst {0} of {1} flows; all of them are in flows.csv."};
constexpr Words kTargets{"Chỉ tiêu", "Targets"};
constexpr Words kReached{"Đạt được", "reached"};
constexpr Words kWanted{"Yêu cầu", "wanted"};
constexpr Words kMet{"đạt", "met"};
constexpr Words kMissed{"không đạt", "missed"};
constexpr Words kScenario{"Kịch bản", "Scenario"};
constexpr Words kOrigin{"Chạy lại được y hệt", "To repeat it exactly"};

// ------------------------------------------------------------------ labels
constexpr Words kFrom{"Từ", "From"};
constexpr Words kTo{"Đến", "To"};
constexpr Words kMedia{"Loại", "Media"};
constexpr Words kAudio{"tiếng", "sound"};
constexpr Words kVideo{"hình", "picture"};
constexpr Words kDocument{"tài liệu", "document"};
constexpr Words kSentKbps{"Gửi kbit/s", "sent"};
constexpr Words kReceivedKbps{"Nhận kbit/s", "received"};
constexpr Words kLineDelay{"Trễ đường p95 ms", "line p95"};
constexpr Words kTotalDelay{"Trễ tổng p95 ms", "total p95"};
constexpr Words kLoss{"Mất gói %", "loss"};
constexpr Words kConcealed{"Tiếng bù %", "concealed"};
constexpr Words kFrozen{"Hình đứng s", "frozen"};
constexpr Words kStill{"hình đứng", "still"};
constexpr Words kMilliseconds{"Độ trễ (ms)", "delay (ms)"};
constexpr Words kPercent{"Phần đã đến (%)", "arrived (%)"};
constexpr Words kRateAxis{"Tốc độ nhận (kbit/s)", "received (kbit/s)"};
constexpr Words kDelayAxis{"Trễ tổng p95 (ms)", "total delay p95 (ms)"};
constexpr Words kSecondAxis{"Giây", "second"};
constexpr Words kAudioDelaySeries{"Trễ tiếng (ms)", "sound delay (ms)"};
constexpr Words kVideoDelaySeries{"Trễ hình (ms)", "picture delay (ms)"};
constexpr Words kLossAxis{"Mất gói (%)", "loss (%)"};
constexpr Words kLine{"Đường truyền", "Line"};
constexpr Words kUsed{"Đã dùng %", "used"};
constexpr Words kQueueP95{"Chờ p95 ms", "queue p95"};
constexpr Words kByQueue{"Hàng đợi đầy", "full queue"};
constexpr Words kByWire{"Dọc đường", "wire"};
constexpr Words kByOutage{"Gián đoạn", "outage"};
constexpr Words kByPolicer{"Nhà mạng cắt", "policer"};
constexpr Words kNoLosses{"Không đường truyền nào mất gói.", "No line lost a packet."};
constexpr Words kQuietLines{"{0} đường truyền khác không mất gói nào.",
                            "{0} other lines lost nothing."};

// ------------------------------------------------------------------ comparing
constexpr Words kCompareTitle{"So sánh hai phương án đường truyền", "Comparison of two lines"};
constexpr Words kPlanA{"A · Đường hiện tại", "A · Current line"};
constexpr Words kPlanB{"B · Đường thuê riêng", "B · Leased line"};
constexpr Words kResult{"Kết quả", "Result"};
constexpr Words kHowCompared{
    "{0} lượt chạy cho mỗi phương án, từng cặp cùng một seed nên gặp cùng điều kiện. Hiệu = B − A, "
    "kèm "
    "khoảng tin cậy 95 %. Kết luận sau hiệu chỉnh Holm cho cả {1} chỉ tiêu; “chưa rõ” nghĩa là "
    "khác biệt có thể chỉ do ngẫu nhiên.",
    "{0} runs of each plan, pairs of one seed meet the same conditions. Difference = B − A with "
    "its "
    "95 % interval. Verdicts after Holm's correction over all {1} figures; “not decided” means "
    "that chance alone may have made the difference."};
constexpr Words kRunScatter{"Tốc độ và độ trễ của hai phương án",
                            "Throughput and delay of both plans"};
constexpr Words kRunScatterHint{
    "Mỗi chấm là một lượt chạy; càng thấp và càng về bên phải càng tốt. Trong đường khép kín có "
    "giá "
    "trị trung bình với độ tin cậy 95 %: hai vùng rời nhau là hai phương án khác nhau thật.",
    "Each dot is a run; low and to the right is good. The closed curves hold the means with 95 % "
    "confidence: where they lie apart, the plans really differ."};
constexpr Words kBridgeRateAxis{"Mỗi điểm cầu nhận (kbit/s)", "received per bridge (kbit/s)"};
constexpr Words kFigure{"Chỉ tiêu", "Figure"};
constexpr Words kDifference{"Hiệu B − A", "Difference"};
constexpr Words kInterval{"Khoảng 95 %", "95 % interval"};
constexpr Words kBetter{"tốt hơn", "better"};
constexpr Words kWorse{"kém hơn", "worse"};
constexpr Words kNotDecided{"chưa rõ", "not decided"};
constexpr Words kSmall{"nhỏ, khó nhận thấy", "too small to notice"};
constexpr Words kDecision{"Một trang để quyết định", "One page for the decision"};
constexpr Words kOnlyBetter{"B tốt hơn rõ ở {0} trên {1} chỉ tiêu và không kém hơn ở chỉ tiêu nào.",
                            "B is clearly better in {0} of {1} figures and worse in none."};
constexpr Words kMixed{"B tốt hơn rõ ở {0} chỉ tiêu nhưng kém hơn ở {1} chỉ tiêu.",
                       "B is clearly better in {0} figures but worse in {1}."};
constexpr Words kOnlyWorse{"B kém hơn rõ ở {0} trên {1} chỉ tiêu và không tốt hơn ở chỉ tiêu nào.",
                           "B is clearly worse in {0} of {1} figures and better in none."};
constexpr Words kNoDifference{"Không thấy khác biệt đáng kể giữa A và B.",
                              "No difference that matters between A and B was found."};
constexpr Words kAlreadyGood{
    "Với đường hiện tại, hướng kém nhất đã ở mức tốt (R trung bình {0}).",
    "On the current line even the worst direction is good already (mean R {0})."};
constexpr Words kNotGoodYet{
    "Với đường hiện tại, hướng kém nhất chỉ đạt R trung bình {0}; với đường thuê riêng là {1}.",
    "On the current line the worst direction reaches a mean R of {0}; on the leased line, {1}."};
constexpr Words kImproves{"Cải thiện", "What improves"};
constexpr Words kDoesNot{"Không cải thiện", "What does not"};
constexpr Words kNothing{"Không có chỉ tiêu nào.", "Nothing."};
constexpr Words kPrice{"Chi phí (điền tay)", "Price (to fill in by hand)"};
constexpr Words kMonthly{"Giá thuê mỗi tháng (đồng):", "Rent per month (VND):"};
constexpr Words kInstallation{"Chi phí lắp đặt (đồng):", "Installation (VND):"};
constexpr Words kOpinion{"Ý kiến, ngày, chữ ký:", "Decision, date, signature:"};
constexpr Words kConfidence{"Độ tin cậy", "Confidence"};
constexpr Words kConfidenceText{
    "{0} cặp lượt chạy, mức tin cậy 95 %, đã hiệu chỉnh Holm cho {1} chỉ tiêu. Đây là mô phỏng "
    "trên "
    "đường truyền mô hình: trước khi ký hợp đồng nên đo đường thật.",
    "{0} pairs of runs, 95 % confidence, Holm's correction over {1} figures. This is a simulation "
    "on "
    "modelled lines: measure the real line before signing."};

}  // namespace words

}  // namespace diemcau::sim
