// Errors name file and setting; alarms of the record are lines of the log.
#include "node/run_parts.h"

#include <fmt/core.h>

#include <system_error>

#include "node/address.h"
#include "node/log_line.h"
#include "node/version.h"

namespace diemcau::node {

std::unique_ptr<UdpPort> open_port(boost::asio::io_context& io, PacketPool& packets,
                                   const Config& config) {
  try {
    return std::make_unique<UdpPort>(io, packets, config.listen);
  } catch (const std::system_error& error) {
    const std::string where = config.file.string() + ": [node] listen";
    if (error.code() == std::errc::address_in_use)
      fail<Text::port_in_use>(text_of(config.listen), where);
    fail<Text::port_unusable>(text_of(config.listen), error.code().message(), where);
  }
}

std::unique_ptr<Metrics> open_metrics(const Config& config) {
  const BuildInfo build = build_info();
  try {
    return std::make_unique<Metrics>(config.metrics_listen,
                                     Metrics::Build{build.version, build.commit});
  } catch (const std::exception&) {  // civetweb does not say why
    fail<Text::metrics_unusable>(config.metrics_listen,
                                 config.file.string() + ": [metrics] listen");
  }
}

RecorderConfig recorder_config(const Config& config, Language language,
                               std::vector<std::string> bridge_ids,
                               std::function<void(const StreamId&)> on_key_wanted) {
  RecorderConfig recorder;
  recorder.dir = config.record.dir;
  recorder.bridge_ids = std::move(bridge_ids);
  recorder.on_key_wanted = std::move(on_key_wanted);
  recorder.on_alarm = [language](const std::string& bridge, const std::string& problem) {
    log_line(say<Text::disk_trouble>(language, bridge, problem));
  };
  recorder.on_restless = [language](const std::string& bridge) {
    log_line(say<Text::record_restless>(language, bridge));
  };
  recorder.on_room_ends = [language](std::uint64_t free_bytes, Duration lasts) {
    log_line(say<Text::record_room>(language,
                                    fmt::format("{:.1f}", static_cast<double>(free_bytes) / 1e9),
                                    lasts / std::chrono::minutes(1)));
  };
  recorder.on_lost = [language](std::uint64_t frames) {
    log_line(say<Text::record_lost>(language, frames));
  };
  return recorder;
}

}  // namespace diemcau::node
