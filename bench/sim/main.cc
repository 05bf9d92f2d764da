// bench-sim: the lab's benchmarks, on the pages that the lab itself has.
#include <benchmark/benchmark.h>

#include "sim/large_pages.h"

int main(int argc, char** argv) {
  diemcau::sim::begin_with_large_pages(argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
