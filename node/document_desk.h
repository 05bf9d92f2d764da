// What the operator lays on the desk while the meeting runs: the document shown from the start, and
// the commands that start and stop one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "node/config.h"
#include "node/control_message.h"
#include "node/document_thread.h"

namespace diemcau::node {

// One thread at a time, but for set() and figures(): core's.
class DocumentDesk {
 public:
  struct Config {
    DocumentThreadConfig thread;
    node::Config::Media media;  // what is shown when no source is named
    // Whether something is shown, from now on; called where start() and answer() are.
    std::function<void(bool shown)> tell;
  };
  explicit DocumentDesk(Config config);

  // Shows what is configured, if that is to be from the start, without telling; whether it does.
  // What cannot be used is an OperatorError.
  bool begin();
  // An operator's command. Shows another document in place of the one that is shown.
  ControlAnswer answer(const ControlRequest& request);
  void set(const mesh::SetEncoder& state) { thread_.set(state); }
  DocumentFigures figures() const { return thread_.figures(); }
  void stop() { thread_.stop(); }

 private:
  ControlAnswer start(const std::string& named);
  ControlAnswer stop_showing();
  ControlAnswer state() const;

  Config config_;
  DocumentThread thread_;
  std::string shown_;  // empty: nothing
};

}  // namespace diemcau::node
