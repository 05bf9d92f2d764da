#include "node/media_sources.h"

#include <stdexcept>
#include <string>

#include "codecs/file_source.h"
#include "codecs/generated_page.h"
#include "codecs/generated_source.h"
#include "codecs/raw_source.h"
#include "node/catalogue.h"

namespace diemcau::node {

std::unique_ptr<codecs::MediaSource> make_source(const Config::Media& m, PeerId self) {
  try {
    switch (m.kind) {
      case MediaSourceKind::none: return nullptr;
      case MediaSourceKind::generated: {
        codecs::GeneratedSettings settings;
        settings.index = self.value;
        settings.width = m.width;
        settings.height = m.height;
        settings.fps = m.fps;
        return codecs::make_generated_source(settings);
      }
      case MediaSourceKind::raw:
        return codecs::make_raw_source(
            {m.video_pipe, m.audio_pipe, m.width, m.height, m.fps, m.rate, m.channels});
      case MediaSourceKind::file: {
        codecs::FileSourceSettings settings;
        settings.path = m.path;
        settings.loop = m.loop;
        return codecs::make_file_source(settings);
      }
    }
  } catch (const std::runtime_error& error) {
    const std::string what =
        m.kind == MediaSourceKind::file ? m.path.string() : std::string("[media]");
    fail<Text::media_unusable>(what, std::string(error.what()));
  }
  return nullptr;
}

std::unique_ptr<codecs::MediaSource> open_document(const std::filesystem::path& document) {
  if (document == kGeneratedDocument) return codecs::make_generated_pages();
  try {
    // A pipe would be waited for, and with it whoever asked.
    std::error_code error;
    if (!std::filesystem::is_regular_file(document, error))
      throw std::runtime_error(error ? error.message() : "This is no file.");
    codecs::FileSourceSettings settings;
    settings.path = document;
    auto source = codecs::make_file_source(settings);
    if (!source->has_video()) throw std::runtime_error("There are no pictures in it.");
    return source;
  } catch (const std::runtime_error& error) {
    fail<Text::document_unusable>(document.string(), std::string(error.what()));
  }
}

}  // namespace diemcau::node
