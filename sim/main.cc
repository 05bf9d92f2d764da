// diemcau-sim: the performance lab's command line.
#include "sim/cli.h"

int main(int argc, char** argv) { return diemcau::sim::run_cli(argc, argv); }
