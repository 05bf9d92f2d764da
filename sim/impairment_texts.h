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

}  // namespace diemcau::sim::words
