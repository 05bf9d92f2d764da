// What an operator's command asks of the bridge that runs, and what that answers: one line of JSON
// each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node/catalogue.h"

namespace diemcau::node {

// An answer has a path of 4,095 bytes three times, and JSON makes six of some of them.
constexpr std::size_t kMostControlBytes = 81'920;

enum class DocumentWish : std::uint8_t { start, stop, status };

struct ControlRequest {
  DocumentWish document = DocumentWish::status;
  std::string source;  // of start: a file's absolute path or "generated"; empty: as configured
};

struct ControlAnswer {
  bool done = false;
  bool shown = false;  // a document is, from now on
  std::string source;  // of that
  Sentence said;
};

// Without the end of the line.
std::string text_of(const ControlRequest& request);
std::string text_of(const ControlAnswer& answer);
// Nothing for what is no such message; fields that a later version adds are passed over.
std::optional<ControlRequest> parse_control_request(std::string_view text);
std::optional<ControlAnswer> parse_control_answer(std::string_view text);

}  // namespace diemcau::node
