#include "node/document_desk.h"

#include <exception>
#include <utility>

#include "codecs/media_source.h"
#include "node/media_sources.h"

namespace diemcau::node {

DocumentDesk::DocumentDesk(Config config) : config_(std::move(config)), thread_(config_.thread) {}

bool DocumentDesk::begin() {
  const auto& media = config_.media;
  if (media.document.empty() || !media.document_at_start) return false;
  thread_.show(open_document(media.document));
  shown_ = media.document.string();
  return true;
}

ControlAnswer DocumentDesk::answer(const ControlRequest& request) {
  switch (request.document) {
    case DocumentWish::start: return start(request.source);
    case DocumentWish::stop: return stop_showing();
    case DocumentWish::status: break;
  }
  return state();
}

ControlAnswer DocumentDesk::start(const std::string& named) {
  const std::string source = named.empty() ? config_.media.document.string() : named;
  ControlAnswer answer = state();
  answer.done = false;
  if (source.empty()) {
    answer.said = sentence<Text::document_none>();
    return answer;
  }
  try {
    thread_.show(open_document(source));
  } catch (const OperatorError& error) {
    answer.said = error.whole();
    return answer;
  } catch (const std::exception& error) {  // out of memory or threads: the meeting goes on
    answer = stop_showing();
    answer.done = false;
    answer.said = sentence<Text::document_unusable>(source, std::string(error.what()));
    return answer;
  }
  const bool begins = shown_.empty();
  shown_ = source;
  if (begins) config_.tell(true);
  return state();
}

// The others are told before the source lets go: they need not wait for it.
ControlAnswer DocumentDesk::stop_showing() {
  if (!std::exchange(shown_, {}).empty()) {
    config_.tell(false);
    thread_.put_away();
  }
  return state();
}

ControlAnswer DocumentDesk::state() const {
  ControlAnswer answer{true, !shown_.empty(), shown_, {}};
  answer.said = answer.shown ? sentence<Text::document_is_shown>(shown_)
                             : sentence<Text::document_is_not_shown>();
  return answer;
}

}  // namespace diemcau::node
