#include "bench/load/rows.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/raw/thread_cpu.h"

namespace diemcau::bench {

namespace {

using Json = nlohmann::ordered_json;

double seconds(Duration d) { return to_us(d) / 1e6; }

// What the node itself says it received.
struct Received {
  double pictures_ms_per_s = 0;  // decoding, at the reel's cost per frame
  double sounds_ms_per_s = 0;
  double worst_loss = 0;
  std::optional<double> slowest_fps;
  std::optional<double> slowest_p95_ms;  // pictures, end to end
};

Layer layer_named(const std::string& name) {
  for (const Layer layer : {Layer::hi, Layer::mid, Layer::lo}) {
    if (name == name_of(layer)) return layer;
  }
  return Layer::only;
}

Received received(const LoadResult& result) {
  Received all;
  const Json summary = Json::parse(result.summary, nullptr, false);
  if (!summary.is_object() || !summary.contains("pairs")) return all;
  for (const Json& flow : summary["pairs"]) {
    const double fps = flow.value("fps", 0.0);
    all.worst_loss = std::max(all.worst_loss, flow.value("loss_ratio", 0.0));
    if (flow.value("media", "") == "audio") {
      all.sounds_ms_per_s += 50 * to_us(result.costs.sound_decode) / 1e3;
      continue;
    }
    const Layer layer = layer_named(flow.value("layer", ""));
    all.pictures_ms_per_s +=
        fps * to_us(result.costs.decode[static_cast<std::size_t>(layer)]) / 1e3;
    if (!all.slowest_fps || fps < *all.slowest_fps) all.slowest_fps = fps;
    if (flow.contains("end_to_end_ms")) {
      const double p95 = flow["end_to_end_ms"].value("p95", 0.0);
      all.slowest_p95_ms = std::max(all.slowest_p95_ms.value_or(0), p95);
    }
  }
  return all;
}

// CPU of what the node must do whatever its design: milliseconds per second.
double bare_sum(const LoadResult& result, const Received& in, std::vector<Row>& rows) {
  double encode = 50 * to_us(result.costs.sound_encode) / 1e3;
  for (const auto& [layer, peers] : result.layers_sent) {
    if (layer == Layer::only) continue;
    const double fps = layer == Layer::lo ? 15 : 30;
    encode += fps * to_us(result.costs.encode[static_cast<std::size_t>(layer)]) / 1e3;
  }
  const double capture = to_us(result.costs.source) / 1e3;
  const double length = seconds(result.measured);
  const double packets = (static_cast<double>(result.traffic.from_node) * result.raw.send_us +
                          static_cast<double>(result.traffic.to_node) * result.raw.receive_us) /
                         1e3 / length;
  const double decode = in.pictures_ms_per_s + in.sounds_ms_per_s;
  rows.push_back({"bare_capture", capture, "ms/s", {}});
  rows.push_back({"bare_encode", encode, "ms/s", {}});
  rows.push_back({"bare_decode", decode, "ms/s", {}});
  rows.push_back({"bare_packets", packets, "ms/s", {}});
  return capture + encode + decode + packets;
}

void cost_rows(const LoadResult& result, const Received& in, std::vector<Row>& rows) {
  const double length = seconds(result.measured);
  const auto datagrams = static_cast<double>(result.traffic.to_node + result.traffic.from_node);
  rows.push_back(
      {"datagrams_sent", static_cast<double>(result.traffic.from_node) / length, "1/s", {}});
  rows.push_back(
      {"datagrams_received", static_cast<double>(result.traffic.to_node) / length, "1/s", {}});
  rows.push_back({"sent",
                  static_cast<double>(result.traffic.bytes_from_node) * 8 / 1e6 / length,
                  "Mbit/s",
                  {}});
  rows.push_back({"received",
                  static_cast<double>(result.traffic.bytes_to_node) * 8 / 1e6 / length,
                  "Mbit/s",
                  {}});
  const double cpu = seconds(result.cpu) * 1e3 / length;
  const double bare = bare_sum(result, in, rows);
  rows.push_back({"node_cpu", cpu, "ms/s", bare});
  rows.push_back({"node_cpu_share_of_a_core", cpu / 10, "%", {}});
  rows.push_back({"node_cpu_ratio", cpu / bare, "x", 1.0});
  if (datagrams <= 0) return;
  rows.push_back({"node_cpu_per_datagram", to_us(result.cpu) / datagrams, "us", {}});
  if (!result.core_cpu) return;
  const double core = to_us(*result.core_cpu) / datagrams;
  const double loop = to_us(result.bare_loop_cpu) / datagrams;
  rows.push_back({"core_thread_per_datagram", core, "us", loop});
  if (loop > 0) rows.push_back({"core_thread_ratio", core / loop, "x", 1.0});
}

}  // namespace

std::vector<Row> rows_of(const LoadOptions& options, const LoadResult& result) {
  std::vector<Row> rows;
  rows.push_back({"links_up", static_cast<double>(result.links_up), "links",
                  static_cast<double>(options.bridges - 1)});
  if (!result.mesh_time) return rows;
  rows.push_back({"start_to_full_mesh", to_ms_double(*result.mesh_time), "ms", {}});
  rows.push_back({"first_check_to_full_mesh", to_ms_double(*result.handshake_time), "ms", {}});
  rows.push_back({"measured", seconds(result.measured), "s", {}});
  rows.push_back({"longest_stall_of_the_load", to_ms_double(result.longest_stall), "ms", {}});
  const Received in = received(result);
  cost_rows(result, in, rows);
  rows.push_back({"rss_max", result.rss_max_mib, "MiB", {}});
  if (result.packets_from_node > 0) {
    rows.push_back(
        {"loss_from_node",
         static_cast<double>(result.packets_lost_from_node) /
             static_cast<double>(result.packets_from_node + result.packets_lost_from_node),
         "ratio",
         {}});
  }
  rows.push_back({"worst_loss_to_node", in.worst_loss, "ratio", {}});
  if (in.slowest_fps) rows.push_back({"slowest_picture_rate", *in.slowest_fps, "fps", {}});
  if (in.slowest_p95_ms) rows.push_back({"slowest_picture_p95", *in.slowest_p95_ms, "ms", {}});
  return rows;
}

std::string rows_json(const std::string& name, const std::vector<Row>& rows) {
  Json all = Json::array();
  for (const Row& row : rows) {
    Json j{{"case", name}, {"metric", row.metric}, {"value", row.value}, {"unit", row.unit}};
    if (row.bound) j["bound"] = *row.bound;
    all.push_back(std::move(j));
  }
  return all.dump(1) + "\n";
}

std::string rows_table(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format("{:<28} {:>12.4g} {}", row.metric, row.value, row.unit);
    if (row.bound) text += fmt::format("   (bare: {:.4g})", *row.bound);
    text += '\n';
  }
  return text;
}

}  // namespace diemcau::bench
