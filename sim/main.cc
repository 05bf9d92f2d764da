// diemcau-sim: the performance lab's command line.
#include "sim/cli.h"
#include "sim/large_pages.h"

int main(int argc, char** argv) {
  diemcau::sim::begin_with_large_pages(argv);
  return diemcau::sim::run_cli(argc, argv);
}
