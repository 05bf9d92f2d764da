// The frame of every report: head, style sheet and foot, with the body in between.
#pragma once

#include <string>
#include <string_view>

#include "sim/report_texts.h"

namespace diemcau::sim {

// "0.1.0 (1a2b3c4d5e6f)": version and commit of this program.
std::string program_version();

// `body` is HTML already.
std::string page(const Words& title, std::string_view subject, const std::string& body);
// A heading, and the head of a table's column, in both languages.
std::string heading(const Words& words);
std::string head_cell(const Words& words, std::string_view cls = {});

}  // namespace diemcau::sim
