// Numbers are written with one digit after the point: a tenth of a unit is finer than a printer.
#include "sim/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "core/base/check.h"
#include "sim/html.h"

namespace diemcau::sim {

namespace {

std::string at(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escaped(value) + "\"";
}
std::string attribute(std::string_view name, double value) { return attribute(name, at(value)); }

const char* name_of(Anchor a) {
  return a == Anchor::start ? "start" : a == Anchor::middle ? "middle" : "end";
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  if (size == 0 || size >= 10 || value == std::round(value)) return number(value, 0);
  return number(value, size >= 1 ? 1 : 2);
}

}  // namespace

Svg::Svg(double width, double height, std::string_view label) {
  out_ = "<svg viewBox=\"0 0 " + at(width) + " " + at(height) + "\" role=\"img\"" +
         attribute("aria-label", label) + ">\n";
}

void Svg::shape(std::string_view element, std::string_view tip) {
  if (tip.empty()) {
    out_ += "/>\n";
  } else {
    out_ += "><title>" + escaped(tip) + "</title></" + std::string(element) + ">\n";
  }
}

void Svg::line(Spot a, Spot b, std::string_view cls) {
  out_ += "<line" + attribute("x1", a.x) + attribute("y1", a.y) + attribute("x2", b.x) +
          attribute("y2", b.y) + attribute("class", cls) + "/>\n";
}

void Svg::rect(Spot corner, double width, double height, std::string_view cls,
               std::string_view tip) {
  out_ += "<rect" + attribute("x", corner.x) + attribute("y", corner.y) +
          attribute("width", std::max(width, 0.0)) + attribute("height", std::max(height, 0.0)) +
          attribute("class", cls);
  shape("rect", tip);
}

void Svg::circle(Spot centre, double radius, std::string_view cls, std::string_view tip) {
  out_ += "<circle" + attribute("cx", centre.x) + attribute("cy", centre.y) +
          attribute("r", radius) + attribute("class", cls);
  shape("circle", tip);
}

void Svg::path(std::span<const Spot> spots, std::string_view cls) {
  if (spots.empty()) return;
  std::string points;
  for (const Spot& s : spots) points += (points.empty() ? "" : " ") + at(s.x) + "," + at(s.y);
  out_ += "<polyline" + attribute("points", points) + attribute("class", cls) + "/>\n";
}

void Svg::text(Spot where, std::string_view text, std::string_view cls, Anchor anchor) {
  out_ += "<text" + attribute("x", where.x) + attribute("y", where.y) +
          attribute("text-anchor", name_of(anchor)) + (cls.empty() ? "" : attribute("class", cls)) +
          ">" + escaped(text) + "</text>\n";
}

void Svg::text_upwards(Spot where, std::string_view text, std::string_view cls) {
  const std::string turn = "translate(" + at(where.x) + " " + at(where.y) + ") rotate(-90)";
  out_ += "<text" + attribute("transform", turn) + attribute("text-anchor", "middle") +
          (cls.empty() ? "" : attribute("class", cls)) + ">" + escaped(text) + "</text>\n";
}

std::vector<double> round_ticks(double low, double high, int wanted) {
  DC_CHECK(wanted >= 1);
  if (!(high > low)) high = low + 1;
  const double raw = (high - low) / wanted;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * 0.999) {
      step = factor * power;
      break;
    }
  }
  std::vector<double> ticks;
  const double first = std::floor(low / step + 1e-9) * step;
  for (int i = 0; ticks.empty() || ticks.back() < high - step * 1e-6; ++i)
    ticks.push_back(first + i * step);
  return ticks;
}

Axis axis_to(double most, std::string label, int wanted) {
  Axis a;
  a.ticks = round_ticks(0, most > 0 ? most : 1, wanted);
  a.high = a.ticks.back();
  a.label = std::move(label);
  return a;
}

Axis log_axis(double least, double most, std::string label) {
  DC_CHECK(least > 0 && most >= least);
  Axis a;
  a.logarithmic = true;
  a.label = std::move(label);
  double power = std::pow(10, std::floor(std::log10(least)));
  std::vector<double> steps;
  for (; power <= most * 10; power *= 10) {
    for (const double f : {1.0, 2.0, 5.0}) steps.push_back(f * power);
  }
  std::size_t first = 0, last = steps.size() - 1;
  while (first + 1 < steps.size() && steps[first + 1] <= least) ++first;
  while (last > first + 1 && steps[last - 1] >= most) --last;
  a.ticks.assign(steps.begin() + static_cast<std::ptrdiff_t>(first),
                 steps.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  // Ten labels and more would touch each other.
  if (a.ticks.size() > 9)
    std::erase_if(a.ticks,
                  [](double t) { return std::abs(std::remainder(std::log10(t), 1)) > 0.01; });
  a.low = steps[first];
  a.high = steps[last];
  return a;
}

Plot::Plot(Svg& svg, Spot corner, double width, double height, Axis x, Axis y)
    : svg_(svg),
      corner_(corner),
      width_(width),
      height_(height),
      x_(std::move(x)),
      y_(std::move(y)) {
  draw_axes();
}

Spot Plot::spot(double x, double y) const {
  const auto part = [](const Axis& a, double v) {
    v = std::clamp(v, a.low, a.high);
    if (a.logarithmic) return std::log(v / a.low) / std::log(a.high / a.low);
    return (v - a.low) / (a.high - a.low);
  };
  return {corner_.x + part(x_, x) * width_, corner_.y + height_ - part(y_, y) * height_};
}

void Plot::draw_axes() {
  for (const double t : x_.ticks) {
    const Spot s = spot(t, y_.low);
    svg_.line(s, {s.x, corner_.y}, "grid");
    svg_.text({s.x, s.y + 13}, tick_text(t), "tick", Anchor::middle);
  }
  for (const double t : y_.ticks) {
    const Spot s = spot(x_.low, t);
    svg_.line(s, {corner_.x + width_, s.y}, "grid");
    svg_.text({s.x - 5, s.y + 3.5}, tick_text(t), "tick", Anchor::end);
  }
  svg_.line({corner_.x, corner_.y + height_}, {corner_.x + width_, corner_.y + height_}, "axis");
  svg_.text({corner_.x + width_ / 2, corner_.y + height_ + 28}, x_.label, "label", Anchor::middle);
  svg_.text_upwards({corner_.x - 36, corner_.y + height_ / 2}, y_.label, "label");
}

void Plot::curve(std::span<const Spot> data, std::string_view cls) {
  std::vector<Spot> spots;
  for (const Spot& d : data) spots.push_back(spot(d.x, d.y));
  svg_.path(spots, cls);
}

void Plot::mark_x(double x, std::string_view text) {
  if (x <= x_.low || x >= x_.high) return;
  const Spot s = spot(x, y_.low);
  svg_.line(s, {s.x, corner_.y}, "mark");
  svg_.text({s.x + 4, s.y - 6}, text, "marktext");
}

void Plot::band(double from, double to, std::string_view cls) {
  const Spot a = spot(from, y_.high), b = spot(to, y_.low);
  svg_.rect(a, b.x - a.x, height_, cls);
}

void Plot::title(std::string_view text) {
  svg_.text({corner_.x, corner_.y - 8}, text, "plottitle");
}

}  // namespace diemcau::sim
