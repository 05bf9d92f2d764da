// diemcau-node: one bridge of the province.
#include "node/cli.h"
#include "node/run.h"

int main(int argc, char** argv) {
  return diemcau::node::run_cli(argc, argv, diemcau::node::run_node);
}
