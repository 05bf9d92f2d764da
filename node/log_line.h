// A line for the operator on stderr.
#pragma once

#include <string>

namespace diemcau::node {

// Waits for nobody and fails for nothing: a terminal that was stopped with Ctrl-S, a pipe that
// nobody reads and a full disk cost the line, not the meeting. SIGPIPE is to be ignored. From any
// thread; 4,096 bytes at most.
void log_line(std::string line);

}  // namespace diemcau::node
