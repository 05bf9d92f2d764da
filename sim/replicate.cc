// A world shares nothing with another world, so threads only share the number of the next run.
#include "sim/replicate.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "sim/world.h"

namespace diemcau::sim {

std::vector<Scenario> with_seeds(const std::string& path, ScenarioOptions options,
                                 std::uint64_t seeds) {
  std::vector<Scenario> out;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    options.seed = seed;
    out.push_back(read_scenario(path, options));
  }
  return out;
}

std::vector<Replicate> replicate(const std::vector<Scenario>& scenarios, unsigned jobs,
                                 const std::function<void(std::size_t)>& done) {
  std::vector<Replicate> out(scenarios.size());
  std::vector<std::exception_ptr> failures(scenarios.size());
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::size_t finished = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < scenarios.size() && !failed; i = next++) {
      try {
        const RunResult r = World{scenarios[i], {}}.run();
        out[i] = {scenarios[i].seed, r.digest, meeting_figures(r)};
        const std::lock_guard lock{mutex};
        ++finished;
        if (done) done(finished);
      } catch (...) {
        failures[i] = std::current_exception();
        failed = true;
      }
    }
  };
  const std::size_t workers = std::min<std::size_t>(std::max(jobs, 1U), scenarios.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < workers; ++i) threads.emplace_back(work);
  work();
  threads.clear();  // joins
  for (const std::exception_ptr& f : failures) {
    if (f) std::rethrow_exception(f);
  }
  return out;
}

}  // namespace diemcau::sim
