// Scaling of pictures with libyuv.
#pragma once

#include "codecs/picture.h"

namespace diemcau::codecs {

// Even, inside of the picture.
struct Area {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

// The largest even area in `width` x `height` with the aspect of the source, in the middle.
Area fit(int source_width, int source_height, int width, int height);

// Box filter when shrinking, bilinear when growing. Fills `to` / the area entirely.
void scale(const Picture& from, Picture& to);
void scale_into(const Picture& from, Picture& to, const Area& area);
// Whole source, its own aspect, black bars around it.
void letterbox(const Picture& from, Picture& to);
// The same, inside of an area of `to`; what lies outside of the area stays.
void letterbox_into(const Picture& from, Picture& to, const Area& area);

// Peak signal-to-noise ratio of luma in dB, 128 when equal; same sizes.
double psnr_y(const Picture& a, const Picture& b);

}  // namespace diemcau::codecs
