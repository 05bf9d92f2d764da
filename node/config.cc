// Reads the bridge's configuration, section by section.
#include "node/config.h"

#include <algorithm>

#include "node/roster.h"
#include "node/toml_table.h"

namespace diemcau::node {

namespace {

// The section, or an empty one at the top of the file: what is missing in it is then reported as
// the section's own.
TomlTable section(const TomlTable& root, const std::string& name) {
  if (auto table = root.table(name)) return *table;
  return *TomlTable::parse("[" + name + "]\n", root.file()).table(name);
}

void read_node(const TomlTable& t, Config& c) {
  t.allow_only({"id", "listen", "data_dir", "key", "language"});
  c.id = t.required_text("id", "id = \"ea-sup\"");
  if (!is_bridge_id(c.id)) t.refuse("id", c.id, sentence<Text::want_id>());
  c.listen = t.address("listen").value_or(c.listen);
  const auto data_dir = t.path("data_dir");
  if (!data_dir) t.missing("data_dir", "data_dir = \"/var/lib/diemcau\"");
  c.data_dir = *data_dir;
  c.key = t.path("key").value_or(c.data_dir / "key.pem");
  c.record.dir = c.data_dir / "record";
  if (const auto language = t.text("language")) {
    c.language = parse_language(*language);
    if (!c.language) t.refuse("language", *language, sentence<Text::want_language>());
  }
}

void read_roster(const TomlTable& t, Config& c) {
  t.allow_only({"file"});
  const auto file = t.path("file");
  if (!file) t.missing("file", "file = \"roster.toml\"");
  c.roster = *file;
}

void only_for(const TomlTable& t, const std::vector<std::string>& keys, const std::string& kind) {
  for (const std::string& key : keys) {
    if (t.has(key)) fail<Text::setting_of_other_kind>(t.place(key), t.quoted(key), kind);
  }
}

void read_raw_media(const TomlTable& t, Config::Media& m) {
  m.video_pipe = t.path("video_pipe").value_or("");
  m.audio_pipe = t.path("audio_pipe").value_or("");
  if (m.video_pipe.empty() && m.audio_pipe.empty())
    t.missing("video_pipe", "video_pipe = \"camera.i420\"");
  if (const auto size = t.size("size")) std::tie(m.width, m.height) = *size;
  m.fps = static_cast<int>(t.integer("fps", 1, 60).value_or(m.fps));
  m.rate = static_cast<int>(t.integer("rate", 8'000, 192'000).value_or(m.rate));
  m.channels = static_cast<int>(t.integer("channels", 1, 8).value_or(m.channels));
}

void read_media(const TomlTable& t, Config::Media& m) {
  static const std::vector<std::string> kRaw = {"video_pipe", "audio_pipe", "size",
                                                "fps",        "rate",       "channels"};
  t.allow_only({"kind", "path", "loop", "video_pipe", "audio_pipe", "size", "fps", "rate",
                "channels", "document", "document_at_start"});
  const std::string kind = t.text("kind").value_or("generated");
  if (kind == "file") {
    m.kind = MediaSourceKind::file;
  } else if (kind == "generated") {
    m.kind = MediaSourceKind::generated;
  } else if (kind == "raw") {
    m.kind = MediaSourceKind::raw;
  } else if (kind == "none") {
    m.kind = MediaSourceKind::none;
  } else {
    t.refuse("kind", kind, sentence<Text::want_media_kind>());
  }
  const bool generated = t.text("document") == kGeneratedDocument;
  m.document = generated ? Config::Path(kGeneratedDocument) : t.path("document").value_or("");
  m.document_at_start = t.flag("document_at_start").value_or(m.document_at_start);
  if (m.kind != MediaSourceKind::raw) only_for(t, kRaw, "raw");
  if (m.kind != MediaSourceKind::file) only_for(t, {"path", "loop"}, "file");
  if (m.kind == MediaSourceKind::raw) read_raw_media(t, m);
  if (m.kind == MediaSourceKind::file) {
    const auto path = t.path("path");
    if (!path) t.missing("path", "path = \"meeting.mp4\"");
    m.path = *path;
    m.loop = t.flag("loop").value_or(m.loop);
  }
}

void read_sink(const TomlTable& t, Config::Sink& s) {
  t.allow_only({"dir", "size", "grid", "mix", "layout"});
  s.dir = t.path("dir");
  if (const auto size = t.size("size")) std::tie(s.width, s.height) = *size;
  s.grid = t.path("grid");
  if (s.grid && s.grid->extension() != ".mkv")
    t.refuse("grid", *t.text("grid"), sentence<Text::want_grid_name>());
  s.mix = t.path("mix");
  if (s.mix && s.mix->extension() != ".wav")
    t.refuse("mix", *t.text("mix"), sentence<Text::want_mix_name>());
  if (const auto layout = t.text("layout")) {
    if (*layout != "speaker" && *layout != "alike")
      t.refuse("layout", *layout, sentence<Text::want_layout>());
    s.layout = *layout == "speaker" ? Arrangement::speaker : Arrangement::alike;
  }
}

void read_record(const TomlTable& t, Config::Record& r) {
  t.allow_only({"dir", "enabled"});
  r.dir = t.path("dir").value_or(r.dir);
  r.enabled = t.flag("enabled");
}

void read_metrics(const TomlTable& t, Config& c) {
  t.allow_only({"listen"});
  // Kept as text for the HTTP server.
  if (t.address("listen")) c.metrics_listen = *t.text("listen");
}

void read_rate(const TomlTable& t, Config& c) {
  t.allow_only({"hi", "mid", "lo", "audio", "document", "uplink"});
  c.rates.hi = t.bitrate("hi").value_or(c.rates.hi);
  c.rates.mid = t.bitrate("mid").value_or(c.rates.mid);
  c.rates.lo = t.bitrate("lo").value_or(c.rates.lo);
  c.rates.audio = t.bitrate("audio").value_or(c.rates.audio);
  // What Opus does (RFC 6716 §2.1.1).
  if (c.rates.audio < Bitrate::kbps(6) || c.rates.audio > Bitrate::kbps(510))
    t.refuse("audio", *t.text("audio"), sentence<Text::want_audio_rate>());
  if (const auto document = t.bitrate("document")) {
    c.document_rates.hi = *document;
    c.document_rates.mid = std::min(c.document_rates.mid, *document);
  }
  c.uplink = t.bitrate("uplink");
}

}  // namespace

Config parse_config(std::string_view text, const std::filesystem::path& file) {
  const TomlTable root = TomlTable::parse(text, file);
  root.allow_only({"node", "roster", "media", "sink", "record", "metrics", "rate"});
  Config c;
  c.file = file;
  read_node(section(root, "node"), c);
  read_roster(section(root, "roster"), c);
  read_media(section(root, "media"), c.media);
  read_sink(section(root, "sink"), c.sink);
  read_record(section(root, "record"), c.record);
  read_metrics(section(root, "metrics"), c);
  read_rate(section(root, "rate"), c);
  return c;
}

Config load_config(const std::filesystem::path& file) {
  return parse_config(read_text_file(file), file);
}

}  // namespace diemcau::node
