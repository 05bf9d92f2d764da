// Nice values, not real-time classes: a loop of ours gone wild must never lock an office PC.
#include "node/thread_rank.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace diemcau::node {

void take_rank(ThreadRank rank) {
  const int nice = rank == ThreadRank::sound ? -10 : rank == ThreadRank::picture ? 4 : 10;
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  static_cast<void>(::setpriority(PRIO_PROCESS, thread, nice));  // refused: stays where it is
}

}  // namespace diemcau::node
