// The sources that a configuration names: camera and microphone, and a document.
#pragma once

#include <filesystem>
#include <memory>

#include "codecs/media_source.h"
#include "core/units/ids.h"
#include "node/config.h"

namespace diemcau::node {

// Nothing when there is to be none; what cannot be used is an OperatorError.
std::unique_ptr<codecs::MediaSource> make_source(const Config::Media& m, PeerId self);
// A document: a file, or pages that do not exist.
std::unique_ptr<codecs::MediaSource> open_document(const std::filesystem::path& document);

}  // namespace diemcau::node
