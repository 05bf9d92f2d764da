// The files that a meeting leaves behind. None is ever written over, and they are its account's
// alone.
#pragma once

#include <filesystem>
#include <string>

namespace diemcau::node {

struct PartFile {
  int fd = -1;  // the caller's; negative: none could be made
  int number = 0;
  std::string path;
  std::string problem;  // why not
};

// Makes the first file <bridge>-pNNN.mkv that is not there yet, from `number` on, and its name
// durable.
PartFile make_part_file(const std::filesystem::path& dir, const std::string& bridge, int number);

// Makes an empty file of exactly that name, for what others look for there; the descriptor is the
// caller's. One that is there already and has something in it keeps it: it is called <stem>-001
// from then on, or the first number that is free. Throws OperatorError.
int make_whole_file(const std::filesystem::path& path);

// Of a file that may have been there before; a device that somebody linked there stays as it is.
void make_private(int fd);

}  // namespace diemcau::node
