#include "node/control_message.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace diemcau::node {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<DocumentWish, const char*>, 3> kWishes = {{
    {DocumentWish::start, "start"},
    {DocumentWish::stop, "stop"},
    {DocumentWish::status, "status"},
}};

// A path may be no UTF-8: it is shown damaged rather than not at all.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// An object, or nothing.
std::optional<Json> object(std::string_view text) {
  if (text.size() > kMostControlBytes) return std::nullopt;
  Json json = Json::parse(text, nullptr, false);
  return json.is_object() ? std::optional(std::move(json)) : std::nullopt;
}

std::string string_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool flag_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

std::string text_of(const ControlRequest& request) {
  Json json;
  for (const auto& [wish, name] : kWishes) {
    if (wish == request.document) json["document"] = name;
  }
  if (!request.source.empty()) json["source"] = request.source;
  return line_of(json);
}

std::string text_of(const ControlAnswer& answer) {
  return line_of({{"done", answer.done},
                  {"shown", answer.shown},
                  {"source", answer.source},
                  {"vi", answer.said.vi},
                  {"en", answer.said.en}});
}

std::optional<ControlRequest> parse_control_request(std::string_view text) {
  const auto json = object(text);
  if (!json) return std::nullopt;
  const std::string asked = string_at(*json, "document");
  const std::string source = string_at(*json, "source");
  if (source.find('\0') != std::string::npos) return std::nullopt;  // a path would end there
  for (const auto& [wish, name] : kWishes) {
    if (asked == name) return ControlRequest{wish, source};
  }
  return std::nullopt;
}

std::optional<ControlAnswer> parse_control_answer(std::string_view text) {
  const auto json = object(text);
  if (!json || !json->contains("done")) return std::nullopt;
  return ControlAnswer{flag_at(*json, "done"),
                       flag_at(*json, "shown"),
                       string_at(*json, "source"),
                       {string_at(*json, "vi"), string_at(*json, "en")}};
}

}  // namespace diemcau::node
