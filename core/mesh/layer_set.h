// Some of a picture source's layers.
#pragma once

#include <cstdint>

#include "core/units/ids.h"

namespace diemcau::mesh {

class LayerSet {
 public:
  bool none() const { return bits_ == 0; }
  bool operator==(const LayerSet&) const = default;
  bool has(Layer layer) const { return (bits_ & bit(layer)) != 0; }
  void add(Layer layer) { bits_ = static_cast<std::uint8_t>(bits_ | bit(layer)); }
  void remove(Layer layer) { bits_ = static_cast<std::uint8_t>(bits_ & ~bit(layer)); }

 private:
  static unsigned bit(Layer layer) { return 1U << static_cast<unsigned>(layer); }
  std::uint8_t bits_ = 0;
};

}  // namespace diemcau::mesh
