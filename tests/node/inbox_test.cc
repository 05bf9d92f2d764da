// What threads hand to the thread of an io_context.
#include "node/inbox.h"

#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

using namespace diemcau::node;

TEST_CASE("items of each writer arrive in order, and none is missing or twice", "[inbox]") {
  constexpr int kWriters = 4;
  constexpr int kItems = 20'000;
  boost::asio::io_context io;
  std::vector<int> next(kWriters, 0);
  int taken = 0;
  bool in_order = true;
  Inbox<std::pair<int, int>> inbox(io, [&](std::pair<int, int> item) {
    const auto writer = static_cast<std::size_t>(item.first);
    in_order = in_order && item.second == next[writer]++;
    if (++taken == kWriters * kItems) io.stop();
  });
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&inbox, w] {
      for (int i = 0; i < kItems; ++i) {
        if (i % 3 == 0) {  // the last one is pushed
          inbox.leave({w, i});
        } else {
          inbox.push({w, i});
        }
      }
    });
  }
  io.run_for(std::chrono::seconds(30));
  for (std::thread& writer : writers) writer.join();
  CHECK(taken == kWriters * kItems);
  CHECK(in_order);
}

TEST_CASE("an item that is pushed while another is taken is taken too", "[inbox]") {
  boost::asio::io_context io;
  Inbox<int>* self = nullptr;
  std::vector<int> taken;
  Inbox<int> inbox(io, [&](int item) {
    taken.push_back(item);
    if (item < 3) self->push(item + 1);
    if (item == 3) io.stop();
  });
  self = &inbox;
  inbox.push(1);
  io.run_for(std::chrono::seconds(10));
  CHECK(taken == std::vector<int>{1, 2, 3});
}

TEST_CASE("an item that is left wakes nobody and is taken before what its writer pushes next",
          "[inbox]") {
  boost::asio::io_context io;
  std::vector<int> taken;
  Inbox<int> inbox(io, [&taken](int item) { taken.push_back(item); });
  io.poll();
  inbox.leave(1);
  CHECK(io.poll() == 0);
  CHECK(taken.empty());
  inbox.push(2);
  io.poll();
  CHECK(taken == std::vector<int>{1, 2});
}

TEST_CASE("an item that is left is taken when somebody looks", "[inbox]") {
  boost::asio::io_context io;
  std::vector<int> taken;
  Inbox<int> inbox(io, [&taken](int item) { taken.push_back(item); });
  inbox.leave(1);
  inbox.look();
  CHECK(taken == std::vector<int>{1});
}

TEST_CASE("what is pushed behind a look still wakes", "[inbox]") {
  boost::asio::io_context io;
  std::vector<int> taken;
  Inbox<int> inbox(io, [&taken](int item) { taken.push_back(item); });
  inbox.push(1);
  inbox.look();
  inbox.push(2);
  io.poll();
  inbox.push(3);
  io.poll();
  CHECK(taken == std::vector<int>{1, 2, 3});
}

TEST_CASE("what nobody took is freed with the inbox", "[inbox]") {
  const auto item = std::make_shared<int>(1);
  {
    boost::asio::io_context io;
    Inbox<std::shared_ptr<int>> inbox(io, [](std::shared_ptr<int>) {});
    inbox.push(item);
    inbox.push(item);
    CHECK(item.use_count() == 3);
  }
  CHECK(item.use_count() == 1);
}
