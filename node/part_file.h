// The files of a bridge's record: <bridge>-pNNN.mkv, none of which is ever written over.
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

// Makes the first file of the bridge that is not there yet, from `number` on, and its name durable.
PartFile make_part_file(const std::filesystem::path& dir, const std::string& bridge, int number);

}  // namespace diemcau::node
