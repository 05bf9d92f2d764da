// Nice values and slices, not real-time classes: a loop of ours gone wild must never lock an office
// PC.
#include "node/thread_rank.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace diemcau::node {

namespace {

// sched_setattr(2) has no header in glibc 2.36.
struct SchedAttr {
  std::uint32_t size = sizeof(SchedAttr);
  std::uint32_t policy = 0;  // SCHED_OTHER
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // ns
};

// With EEVDF (Linux 6.12 and later) a thread that asks for a short slice may interrupt one that is
// in the middle of a long one: sound waits for no encoder, though the bridge may not raise its nice
// value. Older kernels take no notice.
constexpr std::uint64_t kShortSliceNs = 200'000;

}  // namespace

void take_rank(ThreadRank rank, const char* name) {
  const int nice = rank == ThreadRank::sound ? -10 : rank == ThreadRank::picture ? 4 : 10;
  static_cast<void>(::prctl(PR_SET_NAME, name));
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  static_cast<void>(::setpriority(PRIO_PROCESS, thread, nice));  // refused: stays where it is
  if (rank != ThreadRank::sound) return;
  SchedAttr attr;
  attr.nice = ::getpriority(PRIO_PROCESS, thread);
  attr.runtime = kShortSliceNs;
  static_cast<void>(::syscall(SYS_sched_setattr, thread, &attr, 0U));
}

}  // namespace diemcau::node
