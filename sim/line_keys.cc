#include "sim/line_keys.h"

#include <algorithm>
#include <cmath>

#include "sim/trace_files.h"

namespace diemcau::sim {

namespace {

constexpr double kOne = 4'294'967'296.0;  // probability 1 in parts of 2^32
constexpr Duration kDefaultQueue = 100ms;

std::uint64_t parts(double probability) {
  return static_cast<std::uint64_t>(std::llround(std::clamp(probability, 0.0, 1.0) * kOne));
}

std::string need_text(const ConfigTable& t, const std::string& key, const std::string& remedy) {
  const auto value = t.text(key);
  if (!value) t.fail(key, "is missing", remedy);
  return *value;
}
double need_number(const ConfigTable& t, const std::string& key, double least, double most) {
  const auto value = t.number(key, least, most);
  if (!value) t.fail(key, "is missing", "write a number");
  return *value;
}
Duration need_time(const ConfigTable& t, const std::string& key, Duration least, Duration most) {
  const auto value = t.duration(key, least, most);
  if (!value) t.fail(key, "is missing", "write a time with its unit, such as \"2s\"");
  return *value;
}

CapacityConfig read_steps(const ConfigTable& t) {
  CapacityConfig c;
  c.kind = CapacityConfig::Kind::steps;
  for (const ConfigTable& step : t.tables("steps")) {
    step.allow_only({"at", "rate"});
    const Duration at = need_time(step, "at", 0s, 24h);
    const auto rate = step.bitrate("rate");
    if (!rate) step.fail("rate", "is missing", "write a rate, such as \"2Mbit/s\"");
    if (c.steps.empty() && at != Duration{0})
      step.fail("at", "of the first step is not 0s", "say how fast the line is from the beginning");
    if (!c.steps.empty() && at <= c.steps.back().at)
      step.fail("at", "does not come after the step before", "put the steps in order of time");
    c.steps.push_back({at, *rate});
  }
  if (c.steps.empty()) t.fail("steps", "is empty", "write steps = [{ at = \"0s\", rate = … }]");
  c.period = t.duration("repeat", 1ms, 24h);
  if (c.period && *c.period <= c.steps.back().at)
    t.fail("repeat", "ends before the last step", "make it longer");
  return c;
}

CapacityConfig read_wander(const ConfigTable& w) {
  w.allow_only({"mean", "sigma", "rho", "step"});
  CapacityConfig c;
  c.kind = CapacityConfig::Kind::wandering;
  const auto mean = w.bitrate("mean");
  if (!mean) w.fail("mean", "is missing", "write a rate, such as \"8Mbit/s\"");
  c.rate = *mean;
  c.sigma_q16 = std::llround(need_number(w, "sigma", 0, 2) * 65'536);
  c.rho_q16 = std::llround(need_number(w, "rho", 0, 0.9999) * 65'536);
  c.step = w.duration("step", 1ms, 60s).value_or(100ms);
  return c;
}

std::optional<CapacityConfig> read_capacity(const ConfigTable& t, const FileReader& read_file) {
  std::string found;
  for (const char* key : {"rate", "steps", "wander", "trace"}) {
    if (!t.has(key)) continue;
    if (!found.empty())
      t.fail(key, "and " + found + " both say how fast the line is", "keep one of them");
    found = key;
  }
  if (t.has("repeat") && found != "steps")
    t.fail("repeat", "belongs to steps", "remove it, or write steps");
  if (found == "rate") {
    CapacityConfig c;
    c.rate = *t.bitrate("rate");
    return c;
  }
  if (found == "steps") return read_steps(t);
  if (found == "wander") return read_wander(*t.table("wander"));
  if (found == "trace") return read_rate_trace(t, "trace", read_file);
  return std::nullopt;
}

void read_queue_limit(const ConfigTable& t, const std::string& written, LineDraft& out) {
  const auto time = parse_duration(written);
  const auto bytes = parse_byte_count(written);
  if (!time && !bytes)
    t.fail("queue", "is \"" + written + "\"",
           "write a time or a size with its unit, such as \"120ms\" or \"64kB\"");
  if ((time && *time > 60s) || (bytes && bytes->count() > 1'000'000'000))
    t.fail("queue", "is \"" + written + "\"", "write at most 60s or 1000MB");
  if (time) out.queue_time = time;
  if (bytes) out.queue_bytes = bytes;
}

void read_queue(const ConfigTable& t, LineDraft& out) {
  if (!t.has("queue")) return;
  if (t.is_list("queue")) {
    const std::vector<std::string> limits = *t.texts("queue");
    for (const std::string& written : limits) read_queue_limit(t, written, out);
  } else {
    read_queue_limit(t, *t.text("queue"), out);
  }
}

LinkConfig::Discipline discipline_of(const ConfigTable& t, const std::string& key,
                                     const std::string& name) {
  if (name == "drop-tail") return LinkConfig::Discipline::drop_tail;
  if (name == "codel") return LinkConfig::Discipline::codel;
  if (name == "fq_codel") return LinkConfig::Discipline::fq_codel;
  t.fail(key, "is \"" + name + "\"", "write \"drop-tail\", \"codel\" or \"fq_codel\"");
}

void read_aqm(const ConfigTable& t, LineDraft& out) {
  if (!t.has("aqm")) return;
  if (!t.is_table("aqm")) {
    out.discipline = discipline_of(t, "aqm", *t.text("aqm"));
    return;
  }
  const ConfigTable aqm = *t.table("aqm");
  aqm.allow_only({"kind", "target", "interval"});
  out.discipline = discipline_of(aqm, "kind", need_text(aqm, "kind", "write \"fq_codel\", say"));
  CoDelConfig codel;
  codel.target_ns = aqm.duration("target", 100us, 10s).value_or(Duration{codel.target_ns}).count();
  codel.interval_ns =
      aqm.duration("interval", 1ms, 4s).value_or(Duration{codel.interval_ns}).count();
  out.codel = codel;
}

void read_policer(const ConfigTable& t, LineDraft& out) {
  const auto p = t.table("policer");
  if (!p) return;
  p->allow_only({"rate", "burst"});
  const auto rate = p->bitrate("rate");
  if (!rate) p->fail("rate", "is missing", "write a rate, such as \"2Mbit/s\"");
  const std::string written = need_text(*p, "burst", "write a size, such as \"32kB\"");
  const auto burst = parse_byte_count(written);
  if (!burst || burst->count() < 1'600 || burst->count() > 1'000'000'000)
    p->fail("burst", "is \"" + written + "\"", "write a size from 1600B to 1000MB");
  out.policer = PolicerConfig{*rate, *burst};
}

// Mean loss and mean run of losses, when the bad state loses everything and the good one nothing.
void bursts_of(const ConfigTable& loss, LossConfig& c) {
  const double mean = need_number(loss, "mean", 0, 0.9);
  const double burst = need_number(loss, "burst", 1, 1e6);
  const double leave = 1 / burst;
  c.to_good = parts(leave);
  c.to_bad = parts(leave * mean / (1 - mean));
  c.loss_bad = parts(1);
}

LossConfig read_gilbert_elliott(const ConfigTable& loss) {
  LossConfig c;
  c.kind = LossConfig::Kind::gilbert_elliott;
  if (loss.has("mean") || loss.has("burst")) {
    loss.allow_only({"model", "at", "mean", "burst"});
    bursts_of(loss, c);
    return c;
  }
  loss.allow_only({"model", "at", "p", "r", "good", "bad"});
  c.to_bad = parts(need_number(loss, "p", 0, 1));
  c.to_good = parts(need_number(loss, "r", 0, 1));
  if (c.to_good == 0) loss.fail("r", "is 0: the line would never recover", "make it larger");
  c.loss_good = parts(loss.number("good", 0, 1).value_or(0));
  c.loss_bad = parts(loss.number("bad", 0, 1).value_or(1));
  return c;
}

LossConfig read_gilbert_elliott_time(const ConfigTable& loss) {
  LossConfig c;
  c.kind = LossConfig::Kind::gilbert_elliott_time;
  c.loss_bad = parts(1);
  if (loss.has("mean") || loss.has("burst")) {
    loss.allow_only({"model", "at", "mean", "burst"});
    const double mean = need_number(loss, "mean", 0.000001, 0.9);
    c.mean_bad = need_time(loss, "burst", 1ms, 60s);
    c.mean_good =
        Duration{std::llround(static_cast<double>(c.mean_bad.count()) * (1 - mean) / mean)};
    return c;
  }
  loss.allow_only({"model", "at", "good", "bad", "loss_good", "loss_bad"});
  c.mean_good = need_time(loss, "good", 1ms, 24h);
  c.mean_bad = need_time(loss, "bad", 1ms, 24h);
  c.loss_good = parts(loss.number("loss_good", 0, 1).value_or(0));
  c.loss_bad = parts(loss.number("loss_bad", 0, 1).value_or(1));
  return c;
}

LossConfig loss_of(const ConfigTable& loss) {
  const std::string models = "write \"none\", \"iid\", \"ge\" or \"ge-time\"";
  const std::string model = need_text(loss, "model", models);
  LossConfig c;
  if (model == "ge") return read_gilbert_elliott(loss);
  if (model == "ge-time") return read_gilbert_elliott_time(loss);
  if (model == "none") {
    loss.allow_only({"model"});
    return c;
  }
  if (model != "iid") loss.fail("model", "is \"" + model + "\"", models);
  loss.allow_only({"model", "at", "mean"});
  if (!loss.has("mean")) loss.fail("mean", "is missing", "write mean = 0.002, say");
  c.kind = LossConfig::Kind::iid;
  c.loss_good = *loss.ratio("mean");
  return c;
}

void read_loss(const ConfigTable& t, LineDraft& out) {
  const auto loss = t.table("loss");
  if (!loss) return;
  out.loss = loss_of(*loss);
  const auto at = loss->text("at");
  if (at && *at != "ingress" && *at != "wire")
    loss->fail("at", "is \"" + *at + "\"", "write \"wire\" or \"ingress\"");
  out.loss_at_ingress = at && *at == "ingress";
}

void read_jitter(const ConfigTable& t, LineDraft& out) {
  const auto j = t.table("jitter");
  if (!j) return;
  const std::string models = "write \"none\", \"bounded-inorder\" or \"bounded-reorder\"";
  const std::string model = need_text(*j, "model", models);
  JitterConfig c;
  if (model == "none") {
    j->allow_only({"model"});
  } else {
    if (model != "bounded-inorder" && model != "bounded-reorder")
      j->fail("model", "is \"" + model + "\"", models);
    j->allow_only({"model", "sigma", "cap"});
    c.kind = model == "bounded-inorder" ? JitterConfig::Kind::bounded_inorder
                                        : JitterConfig::Kind::bounded_reorder;
    c.sigma = need_time(*j, "sigma", 0s, 10s);
    c.cap = j->duration("cap", 0s, 10s).value_or(3 * c.sigma);  // RFC 8868 §4.5
  }
  out.jitter = c;
}

OutageConfig outage_of(const ConfigTable& t) {
  t.allow_only({"at", "for", "kind", "every"});
  OutageConfig o;
  const std::string kind = need_text(t, "kind", "write \"stall\" or \"cut\"");
  if (kind != "stall" && kind != "cut")
    t.fail("kind", "is \"" + kind + "\"",
           "write \"stall\" (what waits stays) or \"cut\" (it is lost)");
  o.kind = kind == "stall" ? OutageKind::stall : OutageKind::cut;
  o.length = need_time(t, "for", 1ms, 24h);
  o.random = !t.has("at");
  if (o.random && !t.has("every"))
    t.fail("at", "is missing", "say when, or every how long on average");
  o.at = t.duration("at", 0s, 24h).value_or(0s);
  o.every = t.duration("every", 1ms, 24h).value_or(0s);
  if (!o.random && o.every > 0s && o.every <= o.length)
    t.fail("every", "is not longer than the outage", "the line would never come back");
  return o;
}

void read_weather(const ConfigTable& t, LineDraft& out) {
  read_loss(t, out);
  read_jitter(t, out);
  if (t.has("outage")) {
    out.outages.emplace();
    for (const ConfigTable& o : t.tables("outage")) out.outages->push_back(outage_of(o));
  }
  if (const auto s = t.table("spike")) {
    s->allow_only({"every", "shortest", "longest"});
    DelayConfig::Spikes spikes;
    spikes.every = need_time(*s, "every", 10ms, 24h);
    spikes.shortest = need_time(*s, "shortest", 1ms, 60s);
    spikes.longest = need_time(*s, "longest", 1ms, 60s);
    if (spikes.longest < spikes.shortest)
      s->fail("longest", "is shorter than the shortest", "swap them");
    out.spikes = spikes;
  }
  if (const auto r = t.table("reorder")) {
    r->allow_only({"share", "by"});
    out.reorder_parts = parts(need_number(*r, "share", 0, 1));
    out.reorder_by = need_time(*r, "by", 0s, 10s);
  }
  if (t.has("duplicate")) out.duplicate_parts = t.ratio("duplicate");
  if (t.has("corrupt")) out.corrupt_parts = t.ratio("corrupt");
}

template <typename T>
void take(T& to, const T& from) {
  if (from) to = from;
}

}  // namespace

void LineDraft::override_with(const LineDraft& o) {
  take(capacity, o.capacity);
  take(delay, o.delay);
  if (o.queue_time || o.queue_bytes) {
    queue_time = o.queue_time;
    queue_bytes = o.queue_bytes;
  }
  if (o.discipline) {
    discipline = o.discipline;
    codel = o.codel;
  }
  take(policer, o.policer);
  if (o.delay || o.loss) replay = nullptr;
  take(replay, o.replay);
  if (o.loss) {
    loss = o.loss;
    loss_at_ingress = o.loss_at_ingress;
  }
  take(jitter, o.jitter);
  take(spikes, o.spikes);
  if (o.reorder_parts) {
    reorder_parts = o.reorder_parts;
    reorder_by = o.reorder_by;
  }
  take(duplicate_parts, o.duplicate_parts);
  take(corrupt_parts, o.corrupt_parts);
  take(outages, o.outages);
  take(overhead, o.overhead);
}

const std::vector<std::string>& weather_keys() {
  static const std::vector<std::string> keys{"loss",    "jitter",    "outage", "spike",
                                             "reorder", "duplicate", "corrupt"};
  return keys;
}

LineDraft read_line(const ConfigTable& t, const FileReader& read_file,
                    const std::vector<std::string>& more_keys) {
  std::vector<std::string> keys{"rate",  "steps", "repeat",  "wander",   "trace", "delay",
                                "queue", "aqm",   "policer", "overhead", "replay"};
  keys.insert(keys.end(), weather_keys().begin(), weather_keys().end());
  keys.insert(keys.end(), more_keys.begin(), more_keys.end());
  t.allow_only(keys);
  LineDraft line;
  line.capacity = read_capacity(t, read_file);
  line.delay = t.duration("delay", 0s, 10s);
  read_queue(t, line);
  read_aqm(t, line);
  read_policer(t, line);
  if (const auto overhead = t.integer("overhead", 0, 1000))
    line.overhead = static_cast<std::uint32_t>(*overhead);
  if (t.has("replay")) {
    if (t.has("delay") || t.has("loss"))
      t.fail("replay", "stands beside a delay or a loss", "a replayed line has those of its trace");
    line.replay = read_probe_trace(t, "replay", read_file);
  }
  read_weather(t, line);
  return line;
}

ProfileDraft read_line_keys(const ConfigTable& t, const FileReader& read_file) {
  LineDraft both;
  read_weather(t, both);
  ProfileDraft draft{both, both};
  if (const auto up = t.table("up")) draft.up.override_with(read_line(*up, read_file));
  if (const auto down = t.table("down")) draft.down.override_with(read_line(*down, read_file));
  return draft;
}

LinkConfig finish_line(const LineDraft& d, const ConfigTable& t, const std::string& key) {
  if (!d.capacity || (!d.delay && !d.replay))
    t.fail(key, std::string("has no ") + (d.capacity ? "delay" : "rate"),
           "give it in the profile or at the site");
  LinkConfig c;
  c.capacity = *d.capacity;
  c.queue_bytes = d.queue_bytes;
  c.queue_time = d.queue_time;
  if (!c.queue_bytes && !c.queue_time) c.queue_time = kDefaultQueue;
  c.discipline = d.discipline.value_or(c.discipline);
  c.codel = d.codel.value_or(c.codel);
  c.policer = d.policer;
  c.loss = d.loss.value_or(c.loss);
  c.loss_at_ingress = d.loss_at_ingress.value_or(false);
  c.delay.base = d.delay.value_or(Duration{0});
  if (d.replay) {
    c.delay.trace = d.replay;
    c.loss.kind = LossConfig::Kind::trace;
    c.loss.trace = d.replay;
  }
  c.delay.jitter = d.jitter.value_or(c.delay.jitter);
  c.delay.spikes = d.spikes;
  c.delay.reorder_parts = d.reorder_parts.value_or(0);
  c.delay.reorder_by = d.reorder_by.value_or(Duration{0});
  c.delay.duplicate_parts = d.duplicate_parts.value_or(0);
  c.delay.corrupt_parts = d.corrupt_parts.value_or(0);
  c.outages = d.outages.value_or(c.outages);
  c.overhead = d.overhead.value_or(c.overhead);
  return c;
}

}  // namespace diemcau::sim
