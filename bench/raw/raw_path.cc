#include "bench/raw/raw_path.h"

#include <sys/socket.h>

#include <thread>
#include <vector>

#include "bench/raw/thread_cpu.h"
#include "core/base/check.h"

namespace diemcau::bench {

RawPath::RawPath(std::size_t size, bool sealed) : size_(size), sealed_(sealed) {
  DC_CHECK(size >= 12 && size + 16 <= buffer_.size());
  buffer_.fill(0x5A);
}

void RawPath::send(unsigned packets) {
  for (unsigned i = 0; i < packets; ++i) {
    write_rtp_header(buffer_.data(), next_++);
    const std::size_t size = sealed_ ? srtp_.protect(buffer_.data(), size_) : size_;
    from_.send(to_.address(), {buffer_.data(), size});
  }
}

void RawPath::receive(unsigned packets) {
  for (unsigned i = 0; i < packets; ++i) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    const ssize_t size = ::recvfrom(to_.fd(), buffer_.data(), buffer_.size(), 0,
                                    reinterpret_cast<sockaddr*>(&address), &length);
    DC_CHECK(size > 0);
    if (sealed_) srtp_.unprotect(buffer_.data(), static_cast<std::size_t>(size));
  }
}

RawLoop::RawLoop(std::size_t size) : path_(size, true), done_(EFD_NONBLOCK) {
  receiver_.add(path_.receiving_socket());
  receiver_.add(done_.fd());
}

void RawLoop::send(unsigned packets) {
  path_.send(packets);
  DC_CHECK(sender_.ready() == 0);
}

void RawLoop::receive(unsigned packets) {
  DC_CHECK(receiver_.ready() == 1);
  path_.receive(packets);
  done_.ring();
  DC_CHECK(receiver_.ready() == 1);
  done_.hear();
  DC_CHECK(receiver_.ready() == 0);
}

RawCost measure_raw(std::size_t size, unsigned burst, unsigned bursts) {
  RawPath path(size, true);
  std::vector<double> out, in;
  for (unsigned i = 0; i < bursts; ++i) {
    out.push_back(to_us(cpu_of([&] { path.send(burst); })) / burst);
    in.push_back(to_us(cpu_of([&] { path.receive(burst); })) / burst);
    std::this_thread::sleep_for(1ms);
  }
  const auto mean = [](const std::vector<double>& all) {
    double sum = 0;
    for (const double one : all) sum += one;
    return sum / static_cast<double>(all.size());
  };
  return {mean(out), mean(in)};
}

}  // namespace diemcau::bench
