// What people saw and heard, by the transport judge's own figures, of a run in the lab or of what a
// real node's sink wrote down: `./dev bench nodes` compares the two.
// Usage: device-figures lab SCENARIO.toml SEED FROM_S TO_S
//        device-figures sink INDEX.tsv ZERO_NS FROM_S TO_S    (ZERO_NS: when the lines began)
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/transport/judges.h"

namespace {

using namespace diemcau;
using namespace diemcau::judge;
using Json = nlohmann::ordered_json;

Duration seconds(const char* text) {
  return Duration{static_cast<std::int64_t>(std::stod(text) * 1e9)};
}

void put(Json& row, const char* name, Figure value) {
  if (value) row[name] = *value;
}

Json figures_of(const FlowLog& flow, Span span) {
  const double length_s = static_cast<double>((span.to - span.from).count()) / 1e9;
  const auto shown = std::count_if(flow.pictures.begin(), flow.pictures.end(),
                                   [&](const Picture& p) { return span.contains(p.shown_at); });
  Json row;
  row["picture_rate"] = static_cast<double>(shown) / length_s;
  put(row, "video_p50", video_delay_ms(flow, {span}, 0.5));
  put(row, "video_p95", video_delay_ms(flow, {span}, 0.95));
  put(row, "picture_gap", longest_picture_gap_ms(flow, span));
  put(row, "freezes", freezes(flow, span));
  put(row, "sound_concealed", concealed_ratio(flow, {span}));
  put(row, "sound_p95", audio_delay_ms(flow, {span}, 0.95));
  return row;
}

// ---------------------------------------------------------------- the lab

// As in a sink's index: a frame of sound is as long as it takes until the next one begins. Of a
// link that is down the lab's loudspeaker asks for nothing, and nobody hears anything all the same.
FlowLog heard(FlowLog flow) {
  for (std::size_t i = 1; i < flow.sounds.size(); ++i) {
    const Duration lasts = flow.sounds[i].plays_at - flow.sounds[i - 1].plays_at;
    const std::int64_t samples = std::max<std::int64_t>(lasts.count(), 0) * 48 / 1'000'000;
    flow.sounds[i - 1].samples = static_cast<std::uint32_t>(samples);
  }
  return flow;
}

Json lab(const std::string& file, std::uint64_t seed, Span span) {
  const Recording r = record(sim::read_scenario(file, {std::nullopt, seed}), {});
  auto pairs = Json::array();
  for (std::size_t from = 0; from < r.names.size(); ++from) {
    for (std::size_t to = 0; to < r.names.size(); ++to) {
      if (from == to) continue;
      const FlowLog flow = heard(r.flow(from, to));
      Json row{{"from", r.names[from]}, {"to", r.names[to]}};
      row.update(figures_of(flow, span));
      std::int64_t bits = 0;
      for (std::size_t bin = 0; bin < flow.bins.size(); ++bin) {
        if (span.contains(Timestamp{} + static_cast<std::int64_t>(bin) * kBin))
          bits += flow.bins[bin].sent_bits;
      }
      row["sent_kbps"] =
          static_cast<double>(bits) * 1e6 / static_cast<double>((span.to - span.from).count());
      put(row, "encodes_per_s", encodes_per_second(r.encoders[from], span));
      pairs.push_back(row);
    }
  }
  return pairs;
}

// ---------------------------------------------------------------- a sink's index

mesh::AudioAction action_of(const std::string& word) {
  using A = mesh::AudioAction;
  if (word == "normal") return A::normal;
  if (word == "accelerate") return A::accelerate;
  if (word == "decelerate") return A::decelerate;
  if (word == "stretch") return A::stretch;
  if (word == "expand") return A::expand;
  if (word == "silence") return A::silence;
  throw std::runtime_error("a sink's index knows no action " + word);
}

Layer layer_of(const std::string& word) {
  for (const Layer layer : {Layer::lo, Layer::mid, Layer::hi}) {
    if (word == name_of(layer)) return layer;
  }
  throw std::runtime_error("a sink's index knows no layer of pictures " + word);
}

struct IndexRow {
  std::string kind, index, captured, shown, layer, action;
};

IndexRow split(const std::string& line) {
  std::istringstream in(line);
  IndexRow row;
  for (std::string* field :
       {&row.kind, &row.index, &row.captured, &row.shown, &row.layer, &row.action}) {
    if (!std::getline(in, *field, '\t'))
      throw std::runtime_error("a sink's index has the line " + line);
  }
  return row;
}

FlowLog read_index(const std::string& path, std::int64_t zero_ns) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line)) throw std::runtime_error("cannot read " + path);
  const auto time = [zero_ns](const std::string& ns) {
    return Timestamp{} + Duration{std::stoll(ns) - zero_ns};
  };
  FlowLog flow;
  std::uint64_t sound_began = 0;
  while (std::getline(in, line)) {
    const IndexRow row = split(line);
    if (row.kind == "video") {
      flow.pictures.push_back({layer_of(row.layer), time(row.captured), time(row.shown)});
      continue;
    }
    // A frame of sound is as long as it takes until the next one begins.
    const std::uint64_t sample = std::stoull(row.index);
    if (!flow.sounds.empty())
      flow.sounds.back().samples = static_cast<std::uint32_t>(sample - sound_began);
    sound_began = sample;
    Sound sound;
    sound.action = action_of(row.action);
    if (!row.captured.empty()) sound.captured_at = time(row.captured);
    sound.plays_at = time(row.shown);
    flow.sounds.push_back(sound);
  }
  return flow;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc == 6 ? argv[1] : "";
  try {
    if (what == "lab") {
      const Span span{seconds(argv[4]), seconds(argv[5])};
      std::cout << lab(argv[2], std::stoull(argv[3]), span).dump(1) << '\n';
    } else if (what == "sink") {
      const Span span{seconds(argv[4]), seconds(argv[5])};
      std::cout << figures_of(read_index(argv[2], std::stoll(argv[3])), span).dump(1) << '\n';
    } else {
      std::cerr << "usage: device-figures lab SCENARIO.toml SEED FROM_S TO_S\n"
                   "       device-figures sink INDEX.tsv ZERO_NS FROM_S TO_S\n";
      return 2;
    }
  } catch (const std::exception& problem) {
    std::cerr << "device-figures: " << problem.what() << '\n';
    return 2;
  }
}
