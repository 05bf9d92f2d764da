// Who sees what the core loop does: the log of all input, or a load that stands in for devices.
#pragma once

#include "core/mesh/boundary.h"

namespace diemcau::node {

// Called on the loop's thread, from inside of a step: answers are posted.
class LoopWitness {
 public:
  virtual ~LoopWitness() = default;
  // Before the bridge takes it; datagrams are open.
  virtual void input(Timestamp now, const mesh::Input& input) = 0;
  // Before it is carried out: sealing overwrites datagrams.
  virtual void output(const mesh::Output& output) = 0;
  // All outputs of the last input were seen.
  virtual void outputs_polled() {}
};

}  // namespace diemcau::node
