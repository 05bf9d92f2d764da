// What the report says of impaired seconds, in both languages.
#pragma once

#include "sim/report_texts.h"

namespace diemcau::sim::words {

constexpr Words kImpairments{"Giây bị ảnh hưởng và nguyên nhân",
                             "Impaired seconds and their causes"};
constexpr Words kImpairmentsHint{
    "Mỗi giây mà tiếng phải bù, hình đứng hoặc hỏng ở một hướng được tính cho một nguyên nhân, "
    "theo "
    "những gì bên nhận thấy. Cột màu: số hướng bị ảnh hưởng trong giây đó ở điểm cầu yếu nhất.",
    "Every second in which a direction's sound was made up or its picture stood still or broke is "
    "counted for one cause, as its receiver saw it. Columns: directions impaired in that second at "
    "the weakest bridge."};
constexpr Words kImpairedAxis{"Hướng bị ảnh hưởng", "directions impaired"};
constexpr Words kNoImpairments{"Không giây nào bị ảnh hưởng.", "No second was impaired."};
constexpr Words kReceiver{"Bên nhận", "Receiver"};
constexpr Words kInAll{"Tổng giây", "seconds"};
constexpr Words kOfQueue{"Hàng đợi", "queue"};
constexpr Words kOfWire{"Mất gói", "wire loss"};
constexpr Words kOfOutage{"Gián đoạn", "outage"};
constexpr Words kOfLate{"Đến muộn", "late"};
constexpr Words kOfCpu{"Máy quá tải", "CPU"};

// Of how many seconds this was the cause, and of how many in all.
constexpr Words kStillQueue{
    "Nguyên nhân hình đứng: đường truyền không đủ chỗ cho hình ({0} trong {1} giây bị ảnh hưởng). "
    "Cách khắc phục: tách lưu lượng khác khỏi đường truyền của buổi họp hoặc thuê đường rộng hơn.",
    "Why the picture stood still: the line had no room for it ({0} of {1} impaired seconds). "
    "Remedy: keep other traffic off the meeting's line, or rent a wider one."};
constexpr Words kStillWire{
    "Nguyên nhân hình đứng: gói bị mất dọc đường ({0} trong {1} giây bị ảnh hưởng). Cách khắc "
    "phục: đề nghị nhà mạng kiểm tra đường dây và đầu nối.",
    "Why the picture stood still: packets lost on the way ({0} of {1} impaired seconds). Remedy: "
    "have the provider check cable and connectors."};
constexpr Words kStillOutage{
    "Nguyên nhân hình đứng: đường truyền bị gián đoạn ({0} trong {1} giây bị ảnh hưởng). Cách khắc "
    "phục: bố trí đường dự phòng.",
    "Why the picture stood still: the line was interrupted ({0} of {1} impaired seconds). Remedy: "
    "provide a backup line."};
constexpr Words kStillLate{
    "Nguyên nhân hình đứng: gói đến quá muộn ({0} trong {1} giây bị ảnh hưởng). Cách khắc phục: "
    "dùng dây thay cho 4G hoặc Wi-Fi, giảm hàng đợi ở modem.",
    "Why the picture stood still: packets came too late ({0} of {1} impaired seconds). Remedy: a "
    "cable instead of 4G or Wi-Fi, a shorter queue in the modem."};
constexpr Words kStillCpu{
    "Nguyên nhân hình đứng: máy tính quá tải ({0} trong {1} giây bị ảnh hưởng). Cách khắc phục: "
    "tắt các chương trình khác hoặc dùng máy mạnh hơn.",
    "Why the picture stood still: the computer was overloaded ({0} of {1} impaired seconds). "
    "Remedy: close other programs or use a faster computer."};

}  // namespace diemcau::sim::words
