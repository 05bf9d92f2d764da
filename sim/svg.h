// Drawings for a report: SVG text with shapes, and a plot with two axes. Looks are the style
// sheet's (report_style.h), by class.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace diemcau::sim {

struct Spot {
  double x = 0, y = 0;
};

enum class Anchor : unsigned char { start, middle, end };

// Coordinates are in the view's units; `tip` is shown when the pointer rests on a shape.
class Svg {
 public:
  // `label` says in words what the drawing shows, for those who cannot see it.
  Svg(double width, double height, std::string_view label);
  void line(Spot a, Spot b, std::string_view cls);
  void rect(Spot corner, double width, double height, std::string_view cls,
            std::string_view tip = {});
  void circle(Spot centre, double radius, std::string_view cls, std::string_view tip = {});
  void path(std::span<const Spot> spots, std::string_view cls);
  void text(Spot at, std::string_view text, std::string_view cls = {},
            Anchor anchor = Anchor::start);
  // Turned to read upwards, centred.
  void text_upwards(Spot at, std::string_view text, std::string_view cls = {});
  std::string finish() const { return out_ + "</svg>\n"; }

 private:
  void shape(std::string_view element, std::string_view tip);
  std::string out_;
};

// About `wanted` round numbers that cover 0 or `low` to `high`.
std::vector<double> round_ticks(double low, double high, int wanted);

struct Axis {
  double low = 0, high = 1;
  std::vector<double> ticks;
  std::string label;
  bool logarithmic = false;
};
// From 0 to a round number ≥ `most`.
Axis axis_to(double most, std::string label, int wanted = 5);
// From 1, 2 or 5 × 10^n ≤ `least` to such a number ≥ `most`; both > 0.
Axis log_axis(double least, double most, std::string label);

// A frame with grid and labels inside an Svg; data go through spot().
class Plot {
 public:
  Plot(Svg& svg, Spot corner, double width, double height, Axis x, Axis y);
  Spot spot(double x, double y) const;  // clamped to the frame
  void curve(std::span<const Spot> data, std::string_view cls);
  // A vertical line across the frame.
  void mark_x(double x, std::string_view text);
  void band(double from, double to, std::string_view cls);
  void title(std::string_view text);

 private:
  void draw_axes();
  Svg& svg_;
  Spot corner_;
  double width_, height_;
  Axis x_, y_;
};

}  // namespace diemcau::sim
