// Queues between threads: bounded, and never waiting on the side that pushes.
#include "node/bounded_queue.h"

#include <catch2/catch.hpp>
#include <memory>
#include <thread>

using namespace diemcau::node;

TEST_CASE("a full queue refuses the newest and counts it", "[queue]") {
  BoundedQueue<int> queue(2);
  CHECK(queue.push(1));
  CHECK(queue.push(2));
  CHECK_FALSE(queue.push(3));
  CHECK(queue.dropped() == 1);
  CHECK(queue.try_pop() == 1);
  CHECK(queue.push(4));
  CHECK(queue.try_pop() == 2);
  CHECK(queue.try_pop() == 4);
}

TEST_CASE("weight bounds a queue as well, and comes back with the item", "[queue]") {
  BoundedQueue<int> queue(100, 1000);
  CHECK(queue.push(1, 600));
  CHECK_FALSE(queue.push(2, 401));
  CHECK(queue.push(3, 400));
  CHECK_FALSE(queue.push(4, 1));
  CHECK(queue.try_pop() == 1);
  CHECK(queue.push(5, 600));
  CHECK_FALSE(queue.push(6, SIZE_MAX));
}

TEST_CASE("what is left without waking anybody is found by whoever looks", "[queue]") {
  BoundedQueue<int> queue(2, 1000);
  CHECK(queue.leave(1, 600));
  CHECK_FALSE(queue.leave(2, 600));
  CHECK(queue.dropped() == 1);
  CHECK(queue.pop_until(BoundedQueue<int>::Clock::now()) == 1);
}

TEST_CASE("a closed queue gives what it holds and takes nothing", "[queue]") {
  BoundedQueue<std::unique_ptr<int>> queue(2);
  CHECK(queue.push(std::make_unique<int>(7)));
  queue.close();
  CHECK_FALSE(queue.push(std::make_unique<int>(8)));
  CHECK_FALSE(queue.drained());
  CHECK(**queue.pop() == 7);
  CHECK_FALSE(queue.pop());
  CHECK(queue.drained());
  CHECK(queue.dropped() == 0);
}

TEST_CASE("closing wakes a thread that waits for an item", "[queue]") {
  BoundedQueue<int> queue(2);
  bool got = true;
  std::thread waiting([&] { got = queue.pop().has_value(); });
  queue.close();
  waiting.join();
  CHECK_FALSE(got);
}
