// Queues that drop on their own: CoDel (RFC 8289) and FQ-CoDel (RFC 8290).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace diemcau::sim {

struct Parcel {
  std::int64_t bytes = 0;    // on this line, overhead included
  std::uint32_t flow = 0;    // packets of one flow stay in order
  std::uint32_t handle = 0;  // the caller's name for it
  std::int64_t arrived_ns = 0;
};

struct CoDelConfig {
  std::int64_t target_ns = 5'000'000;      // RFC 8289 §4.3
  std::int64_t interval_ns = 100'000'000;  // below 2^32: its square must fit
};

// The control law over one FIFO. A packet's fate is decided when it gets to the front.
class CoDelQueue {
 public:
  explicit CoDelQueue(CoDelConfig config);
  void push(const Parcel& p);
  // The next packet to serve; what is dropped on the way is added to `dropped`.
  std::optional<Parcel> pop(std::int64_t now_ns, std::vector<Parcel>& dropped);
  // Without asking the control law: room for others.
  std::optional<Parcel> drop_front();
  // An empty queue that was never above its target.
  void clear(std::vector<Parcel>& out);
  bool empty() const { return packets_.empty(); }
  std::int64_t bytes() const { return bytes_; }

 private:
  struct Front {
    std::optional<Parcel> packet;
    bool ok_to_drop = false;
  };
  Front take_front(std::int64_t now_ns);
  std::int64_t control_law(std::int64_t t_ns) const;

  CoDelConfig config_;
  std::deque<Parcel> packets_;
  std::int64_t bytes_ = 0;
  std::int64_t first_above_ns_ = 0;  // 0: below the target
  std::int64_t drop_next_ns_ = 0;
  std::uint32_t count_ = 0, last_count_ = 0;
  bool dropping_ = false;
};

// One of the two, limited in bytes.
class ActiveQueue {
 public:
  enum class Kind : std::uint8_t { codel, fq_codel };
  ActiveQueue(Kind kind, CoDelConfig config);
  // What must go for it is added to `dropped`, perhaps itself.
  void push(const Parcel& p, std::int64_t limit_bytes, std::vector<Parcel>& dropped);
  std::optional<Parcel> pop(std::int64_t now_ns, std::vector<Parcel>& dropped);
  bool empty() const { return bytes_ == 0; }
  std::int64_t bytes() const { return bytes_; }
  // Everything, in the order of the flows.
  void clear(std::vector<Parcel>& out);

 private:
  struct Flow {
    CoDelQueue queue;
    std::int64_t deficit = 0;
    bool listed = false;
  };
  void forget(const std::vector<Parcel>& gone, std::size_t from);

  Kind kind_;
  std::vector<Flow> flows_;
  std::deque<std::uint32_t> new_flows_, old_flows_;
  std::int64_t bytes_ = 0;
};

}  // namespace diemcau::sim
