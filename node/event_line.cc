// One text of the catalogue for each kind of event.
#include "node/event_line.h"

namespace diemcau::node {

std::optional<std::string> event_line(Language language, const std::string& name,
                                      const mesh::Event& event) {
  using enum mesh::EventKind;
  switch (event.kind) {
    case link_up: return say<Text::link_up>(language, name);
    case link_down: return say<Text::link_down>(language, name);
    case handshake_failed: return say<Text::link_refused>(language, name);
    case peer_left: return say<Text::peer_left>(language, name);
    case peer_incompatible: return say<Text::peer_incompatible>(language, name, event.detail);
    case stream_started: return say<Text::document_shown>(language, name);
    case stream_stopped: return say<Text::document_put_away>(language, name);
    default: return std::nullopt;
  }
}

}  // namespace diemcau::node
