// The bridge's settings: defaults, paths, and each mistake word by word.
#include "node/config.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "node/address.h"
#include "node/toml_table.h"
#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

const std::string kLeast =
    "[node]\nid = \"ea-sup\"\ndata_dir = \"data\"\n[roster]\nfile = \"roster.toml\"\n";  // 5 lines

std::string error_of(const std::string& text, Language language = Language::en) {
  try {
    static_cast<void>(parse_config(text, "/etc/diemcau/bridge.toml"));
  } catch (const OperatorError& e) {
    std::string what = e.in(language);
    const std::string folder = "/etc/diemcau/";
    return what.starts_with(folder) ? what.substr(folder.size()) : what;
  }
  return "";
}

}  // namespace

TEST_CASE("the least a bridge needs gives the defaults", "[node][config]") {
  const Config c = parse_config(kLeast, "/etc/diemcau/bridge.toml");
  CHECK(c.id == "ea-sup");
  CHECK(text_of(c.listen) == "0.0.0.0:5004");
  CHECK(c.data_dir == "/etc/diemcau/data");
  CHECK(c.key == "/etc/diemcau/data/key.pem");
  CHECK(c.roster == "/etc/diemcau/roster.toml");
  CHECK(c.record.dir == "/etc/diemcau/data/record");
  CHECK_FALSE(c.record.enabled.has_value());
  CHECK(c.metrics_listen == "127.0.0.1:9464");
  CHECK(c.media.kind == MediaSourceKind::generated);
  CHECK_FALSE(c.sink.dir.has_value());
  CHECK(c.rates.hi == Bitrate::kbps(1500));
  CHECK_FALSE(c.uplink.has_value());
  CHECK_FALSE(c.language.has_value());
}

TEST_CASE("every setting is read", "[node][config]") {
  const Config c = parse_config(
      "[node]\nid = \"a\"\nlisten = \"[::]:6000\"\ndata_dir = \"/d\"\nkey = \"k.pem\"\n"
      "language = \"en\"\n[roster]\nfile = \"/r.toml\"\n"
      "[media]\nkind = \"raw\"\nvideo_pipe = \"v\"\naudio_pipe = \"a\"\nsize = \"640x480\"\n"
      "fps = 25\nrate = 44100\nchannels = 2\ndocument = \"pages.mp4\"\n"
      "document_at_start = false\n"
      "[sink]\ndir = \"s\"\nsize = \"320x180\"\ngrid = \"g.mkv\"\nmix = \"m.wav\"\n"
      "layout = \"alike\"\n"
      "[record]\ndir = \"rec\"\nenabled = true\n[metrics]\nlisten = \"[::1]:1\"\n"
      "[rate]\nhi = \"2Mbit/s\"\nmid = \"600kbit/s\"\nlo = \"100000bit/s\"\naudio = \"40kbit/s\"\n"
      "document = \"800kbit/s\"\nuplink = \"12.5Mbit/s\"\n",
      "/x/bridge.toml");
  CHECK(text_of(c.listen) == "[::]:6000");
  CHECK(c.key == "/x/k.pem");
  CHECK(c.language == Language::en);
  CHECK(c.roster == "/r.toml");
  CHECK(c.media.kind == MediaSourceKind::raw);
  CHECK(c.media.video_pipe == "/x/v");
  CHECK(c.media.height == 480);
  CHECK(c.media.fps == 25);
  CHECK(c.media.rate == 44'100);
  CHECK(c.media.channels == 2);
  CHECK(c.sink.dir == std::filesystem::path("/x/s"));
  CHECK(c.sink.width == 320);
  CHECK(c.sink.layout == Arrangement::alike);
  CHECK(c.sink.grid == std::filesystem::path("/x/g.mkv"));
  CHECK(c.record.enabled == true);
  CHECK(c.record.dir == "/x/rec");
  CHECK(c.metrics_listen == "[::1]:1");
  CHECK(c.rates.lo == Bitrate::kbps(100));
  CHECK(c.uplink == Bitrate::kbps(12'500));
  CHECK(c.media.document == "/x/pages.mp4");
  CHECK_FALSE(c.media.document_at_start);
  CHECK(c.document_rates.hi == Bitrate::kbps(800));
  CHECK(c.document_rates.mid == mesh::DocumentRates{}.mid);
}

TEST_CASE("without a document none is shown, and \"generated\" is no file", "[node][config]") {
  const std::string least = "[node]\nid = \"a\"\ndata_dir = \"d\"\n[roster]\nfile = \"r.toml\"\n";
  CHECK(parse_config(least, "/x/bridge.toml").media.document.empty());
  const Config c =
      parse_config(least + "[media]\ndocument = \"generated\"\n[rate]\ndocument = \"100kbit/s\"\n",
                   "/x/bridge.toml");
  CHECK(c.media.document == kGeneratedDocument);
  CHECK(c.media.document_at_start);
  CHECK(c.document_rates.mid == Bitrate::kbps(100));  // never more than hi
}

TEST_CASE("an unknown setting is told with its line and the nearest known one", "[node][config]") {
  CHECK(error_of(kLeast + "[metric]\nlisten = \"127.0.0.1:1\"\n") ==
        "bridge.toml:6: there is no setting metric; did you mean metrics?");
  CHECK(error_of(kLeast + "[rate]\nhi = \"1Mbit/s\"\nupling = \"1Mbit/s\"\n") ==
        "bridge.toml:8: there is no setting rate.upling; did you mean rate.uplink?");
  CHECK(error_of(kLeast + "[sink]\ncolour_temperature = 1\n") ==
        "bridge.toml:7: there is no setting sink.colour_temperature; those here are: dir, size, "
        "grid, mix, layout");
  CHECK(error_of(kLeast + "[rate]\nupling = \"1Mbit/s\"\n", Language::vi) ==
        "bridge.toml:7: không có mục rate.upling; có phải ý bạn là rate.uplink?");
}

TEST_CASE("of several unknown settings the first in the file is told", "[node][config]") {
  CHECK(error_of("zebra = 1\napple = 2\n" + kLeast).substr(0, 14) == "bridge.toml:1:");
}

TEST_CASE("a missing setting is told with an example", "[node][config]") {
  CHECK(error_of("[node]\ndata_dir = \"d\"\n") ==
        "bridge.toml:1: the setting node.id is missing; add: id = \"ea-sup\"");
  CHECK(error_of("\n[node]\nid = \"a\"\n") ==
        "bridge.toml:2: the setting node.data_dir is missing; add: data_dir = "
        "\"/var/lib/diemcau\"");
  CHECK(error_of("[node]\nid = \"a\"\ndata_dir = \"d\"\n") ==
        "bridge.toml:1: the setting roster.file is missing; add: file = \"roster.toml\"");
  CHECK(error_of(kLeast + "[media]\nkind = \"file\"\n") ==
        "bridge.toml:6: the setting media.path is missing; add: path = \"meeting.mp4\"");
}

TEST_CASE("a value of the wrong type or form is told with what to write", "[node][config]") {
  CHECK(error_of(kLeast + "[rate]\nhi = 1500\n") ==
        "bridge.toml:7: rate.hi is a whole number; write a text in quotes");
  CHECK(error_of(kLeast + "[rate]\nhi = \"1500\"\n") ==
        "bridge.toml:7: rate.hi is \"1500\"; write a rate with its unit from 1kbit/s to "
        "100Gbit/s, such as \"1500kbit/s\"");
  CHECK(error_of(kLeast + "[rate]\naudio = \"5kbit/s\"\n") ==
        "bridge.toml:7: rate.audio is \"5kbit/s\"; write a rate from 6kbit/s to 510kbit/s, such "
        "as \"32kbit/s\"");
  CHECK(error_of(kLeast + "[sink]\nsize = \"641x360\"\n") ==
        "bridge.toml:7: sink.size is \"641x360\"; write an even size from 16x16 to 3840x2160, "
        "such as \"1280x720\"");
  CHECK(error_of(kLeast + "[sink]\nlayout = \"big\"\n") ==
        "bridge.toml:7: sink.layout is \"big\"; write \"speaker\" (whoever speaks is large) or "
        "\"alike\" (equal tiles)");
  CHECK(error_of(kLeast + "[sink]\ngrid = \"g.mp4\"\n") ==
        "bridge.toml:7: sink.grid is \"g.mp4\"; write a file name that ends in .mkv");
  CHECK(error_of(kLeast + "[record]\nenabled = \"yes\"\n") ==
        "bridge.toml:7: record.enabled is a text; write true or false");
  CHECK(error_of(kLeast + "[metrics]\nlisten = \"9464\"\n") ==
        "bridge.toml:7: metrics.listen is \"9464\"; write a numeric address and port, such as "
        "\"192.0.2.1:5004\" or \"[2001:db8::1]:5004\"");
  CHECK(error_of("media = 3\n" + kLeast) ==
        "bridge.toml:1: media is a whole number; write a table, such as [media]");
}

TEST_CASE("a kind of source that does not exist is told with those that do", "[node][config]") {
  CHECK(error_of(kLeast + "[media]\nkind = \"device\"\n") ==
        "bridge.toml:7: media.kind is \"device\"; write \"file\", \"generated\", \"raw\" or "
        "\"none\"");
  CHECK(error_of(kLeast + "[media]\nkind = \"generated\"\npath = \"x.mp4\"\n") ==
        "bridge.toml:8: media.path is for kind = \"file\" only; remove it or change kind");
}

TEST_CASE("what is not TOML is told with its line", "[node][config]") {
  CHECK(error_of("[node]\nid = \n").substr(0, 28) == "bridge.toml:2: this is not T");
}

TEST_CASE("a file that cannot be read is told by name", "[node][config]") {
  CHECK_THROWS_WITH(load_config("/nowhere/bridge.toml"),
                    "/nowhere/bridge.toml cannot be read (No such file or directory); check the "
                    "path and its permissions");
  CHECK_THROWS_WITH(load_config("/tmp"),
                    "/tmp cannot be read (Is a directory); check the path and its permissions");
}

TEST_CASE("a file larger than any configuration is refused before it is parsed", "[node][config]") {
  ScratchDir dir;
  const auto file = dir.path() / "huge.toml";
  std::ofstream{file} << std::string((1 << 20) + 1, '#');
  CHECK_THROWS_WITH(load_config(file),
                    file.string() + " is larger than 1 MiB; check that it is the right file");
}

TEST_CASE("the example configuration is valid and shows the defaults", "[node][config]") {
  const auto path = std::filesystem::path(DIEMCAU_SOURCE_DIR) / "configs/bridge.example.toml";
  const Config c = load_config(path);
  const Config least = parse_config(kLeast, path);
  CHECK(text_of(c.listen) == text_of(least.listen));
  CHECK(c.media.kind == least.media.kind);
  CHECK(c.metrics_listen == least.metrics_listen);
  CHECK(c.rates.hi == least.rates.hi);
  CHECK(c.rates.mid == least.rates.mid);
  CHECK(c.rates.lo == least.rates.lo);
  CHECK(c.rates.audio == least.rates.audio);
}

TEST_CASE("rates are exact and have a unit", "[node][config]") {
  CHECK(parse_bitrate("1.5Mbit/s") == Bitrate::kbps(1500));
  CHECK(parse_bitrate("0.5 kbit/s") == Bitrate::bps(500));
  CHECK(parse_bitrate("1Gbit/s") == Bitrate::kbps(1'000'000));
  for (const char* bad : {"", "5", "kbit/s", "-1kbit/s", "1.kbit/s", "1.5bit/s", "0.0001kbit/s",
                          "1e3bit/s", "1kbps", "99999999999Gbit/s", "1,5Mbit/s"})
    CHECK_FALSE(parse_bitrate(bad));
}
