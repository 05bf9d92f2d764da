// Names, tiles, mix and files of the room, judged by looking at pixels, samples and by ffmpeg.
#include "node/grid.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include "node/clock.h"
#include "node/mix.h"
#include "node/text_picture.h"
#include "node/tile_board.h"
#include "tests/node/own_process.h"
#include "tests/node/scratch_dir.h"

using namespace diemcau;
using namespace diemcau::node;

namespace {

std::shared_ptr<const codecs::Picture> grey(std::uint8_t luma) {
  auto picture = std::make_shared<codecs::Picture>(320, 180);
  codecs::fill(*picture, luma, 128, 128);
  return picture;
}

// Pixels at least as bright as `from` in an area.
int bright(const codecs::Picture& p, const codecs::Area& a, int from) {
  int count = 0;
  for (int y = a.y; y < a.y + a.height; ++y)
    for (int x = a.x; x < a.x + a.width; ++x) count += p.y()[y * p.width + x] >= from ? 1 : 0;
  return count;
}
int middle(const codecs::Picture& p, const codecs::Area& a) {
  return p.y()[(a.y + a.height / 4) * p.width + a.x + a.width / 2];
}

TileBoard board_of(std::vector<std::string> names) {
  return TileBoard({640, 360, std::move(names), "đang chờ", "mất kết nối", "tài liệu"});
}

std::uint32_t u32_at(const std::string& bytes, std::size_t at) {
  std::uint32_t v = 0;
  std::memcpy(&v, bytes.data() + at, 4);
  return v;
}
std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

GridConfig config_in(const ScratchDir& dir) {
  GridConfig config;
  config.grid = dir.path() / "grid.mkv";
  config.mix = dir.path() / "mix.wav";
  config.names = {"Điểm cầu tỉnh", "Điểm cầu xã Nghĩa Trụ", "Điểm cầu xã Hoàn Long"};
  config.self = PeerId{0};
  config.width = 640;
  config.height = 360;
  return config;
}

// `seconds` of a meeting in real time: pictures at 20/s of bridge 1, a constant sound of 1 and 2.
void hold_meeting(Grid& grid, int ticks) {
  const std::vector<std::int16_t> one(kTickSamples, 1000);
  const std::vector<std::int16_t> two(kTickSamples, 200);
  const std::vector<std::int16_t> own(kTickSamples, 7000);
  grid.on_link(PeerId{1}, true);
  grid.on_link(PeerId{2}, true);
  const Timestamp start = monotonic_now();
  for (int i = 0; i < ticks; ++i) {
    const Timestamp at = start + i * 10ms;
    std::this_thread::sleep_until(std::chrono::steady_clock::time_point{at.time_since_epoch()});
    const PlayedSound sounds[] = {{PeerId{0}, own, {}}, {PeerId{1}, one, {}}, {PeerId{2}, two, {}}};
    grid.on_sound(at, sounds);
    if (i % 5 == 0)
      grid.on_picture(
          {PeerId{1}, Source::camera, Layer::hi, at, at, grey(static_cast<std::uint8_t>(40 + i))});
  }
}

}  // namespace

TEST_CASE("Vietnamese names have a glyph for every letter, composed or not", "[text]") {
  TextPainter painter;
  const TextPicture composed = painter.draw("Điểm cầu xã Nghĩa Trụ", 24);
  CHECK(composed.missing_glyphs == 0);
  CHECK(composed.width > 200);
  CHECK(std::count_if(composed.alpha.begin(), composed.alpha.end(), [](int a) { return a > 200; }) >
        300);
  // The same letters as base letter and marks (NFD): the picture must be the same.
  const TextPicture decomposed =
      painter.draw("Đie\u0302\u0309m ca\u0302\u0300u xa\u0303 Nghi\u0303a Tru\u0323", 24);
  CHECK(decomposed.alpha == composed.alpha);
}

TEST_CASE("a character that the font lacks is counted", "[text]") {
  TextPainter painter;
  CHECK(painter.draw("\U000F0000", 24).missing_glyphs == 1);
}

TEST_CASE("a name that is too long is cut to its width and bytes that are no text are drawn",
          "[text]") {
  TextPainter painter;
  CHECK(painter.draw("Điểm cầu trung tâm tỉnh Hưng Yên", 24, 150).width <= 152);
  CHECK(painter.draw("\xFF\xFE\xC3", 24).width > 1);
  CHECK(painter.draw("", 24).width == 1 + 1);
}

TEST_CASE("every bridge has a tile with its name, and words where there is no picture", "[grid]") {
  TileBoard board = board_of({"Tỉnh", "Nghĩa Trụ", "Hoàn Long"});
  board.set_picture(1, grey(120));
  board.set_state(1, TileState::live);
  const codecs::Picture& canvas = board.paint();
  for (std::size_t i = 0; i < 3; ++i) {
    codecs::Area bar = board.layout().tile(i);
    bar.y = TileLayout::picture_of(board.layout().tile(i)).y +
            TileLayout::picture_of(board.layout().tile(i)).height;
    bar.height = board.layout().tile(i).y + board.layout().tile(i).height - bar.y;
    CHECK(bright(canvas, bar, 180) > 20);
  }
  CHECK(bright(canvas, TileLayout::picture_of(board.layout().tile(0)), 180) > 50);
  CHECK(bright(canvas, TileLayout::picture_of(board.layout().tile(1)), 180) == 0);
  CHECK(middle(canvas, TileLayout::picture_of(board.layout().tile(1))) == 120);
}

TEST_CASE("a lost bridge keeps its last picture, darkened, and comes back", "[grid]") {
  TileBoard board = board_of({"Tỉnh", "Nghĩa Trụ"});
  board.set_picture(1, grey(120));
  board.set_state(1, TileState::lost);
  const codecs::Area room = TileLayout::picture_of(board.layout().tile(1));
  CHECK(middle(board.paint(), room) == 16 + (120 - 16) * 3 / 10);
  CHECK(bright(board.paint(), room, 180) > 50);
  board.set_state(1, TileState::live);
  CHECK(middle(board.paint(), room) == 120);
  CHECK(bright(board.paint(), room, 180) == 0);
}

TEST_CASE("tiles stay apart and inside of the canvas for every number of bridges", "[grid]") {
  const auto arrangement = GENERATE(Arrangement::alike, Arrangement::speaker);
  for (std::size_t n = 1; n <= 32; ++n) {
    const TileLayout layout(arrangement, n, 640, 360);
    for (std::size_t i = 0; i < n; ++i) {
      const codecs::Area a = layout.tile(i);
      if (layout.large()) CHECK(a.x >= layout.large()->x + layout.large()->width);
      CHECK(a.x + a.width <= 640);
      CHECK(a.y + a.height <= 360);
      CHECK(a.width > 16);
      for (std::size_t j = 0; j < i; ++j) {
        const codecs::Area b = layout.tile(j);
        CHECK((a.x >= b.x + b.width || b.x >= a.x + a.width || a.y >= b.y + b.height ||
               b.y >= a.y + a.height));
      }
    }
  }
}

TEST_CASE("whoever speaks is large, keeps the small tile and has a lit name", "[grid]") {
  TileBoard board({640, 360, {"Tỉnh", "Nghĩa Trụ", "Hoàn Long"}, "", "", "", Arrangement::speaker});
  const TileLayout& layout = board.layout();
  const auto bar = [&](const codecs::Area& tile) {
    const codecs::Area room = TileLayout::picture_of(tile);
    return board.paint().y()[(room.y + room.height + 1) * 640 + tile.x + 1];
  };
  REQUIRE(layout.large());
  for (std::size_t i = 0; i < 3; ++i)
    board.set_picture(i, grey(static_cast<std::uint8_t>(100 + 10 * i)));
  for (const std::size_t speaks : {1U, 2U, 1U}) {
    board.set_speaker(speaks);
    board.set_large(speaks);
    CHECK(middle(board.paint(), TileLayout::picture_of(*layout.large())) ==
          static_cast<int>(100 + 10 * speaks));
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(middle(board.paint(), TileLayout::picture_of(layout.tile(i))) ==
            static_cast<int>(100 + 10 * i));
      CHECK((bar(layout.tile(i)) > 50) == (i == speaks));
    }
  }
  board.set_picture(1, grey(200));  // a new picture moves in both places
  CHECK(middle(board.paint(), TileLayout::picture_of(*layout.large())) == 200);
  CHECK(middle(board.paint(), TileLayout::picture_of(layout.tile(1))) == 200);
}

TEST_CASE("a document has the large tile while it is shown, and everybody a small one beside it",
          "[grid]") {
  const auto arrangement = GENERATE(Arrangement::alike, Arrangement::speaker);
  TileBoard board({640, 360, {"Tỉnh", "Nghĩa Trụ", "Hoàn Long"}, "", "", "tài liệu", arrangement});
  for (std::size_t i = 0; i < 3; ++i)
    board.set_picture(i, grey(static_cast<std::uint8_t>(100 + 10 * i)));
  board.set_large(1);
  board.paint();
  const codecs::Area alone = board.layout().tile(0);
  board.set_document(2, grey(200));
  const TileLayout beside = board.layout();
  REQUIRE(beside.large());
  for (const std::uint8_t luma : {std::uint8_t{200}, std::uint8_t{190}}) {
    board.set_document(2, grey(luma));
    board.set_large(0);  // whoever speaks stays in the column
    const codecs::Picture& canvas = board.paint();
    CHECK(middle(canvas, TileLayout::picture_of(*beside.large())) == luma);
    for (std::size_t i = 0; i < 3; ++i)
      CHECK(middle(canvas, TileLayout::picture_of(beside.tile(i))) ==
            static_cast<int>(100 + 10 * i));
  }
  codecs::Area bar = *beside.large();
  const codecs::Area page = TileLayout::picture_of(bar);
  bar.y = page.y + page.height;
  bar.height = beside.large()->height - page.height;
  CHECK(bright(board.paint(), bar, 180) > 20);  // whose it is
  board.set_document(std::nullopt, nullptr);
  CHECK(board.layout().tile(0).width == alone.width);
  CHECK(middle(board.paint(), TileLayout::picture_of(alone)) == 100);
}

TEST_CASE("each tile asks for the layer that it can show without looking soft", "[grid]") {
  const auto alike = [](std::size_t n) {
    return TileLayout(Arrangement::alike, n, 1280, 720).layers();
  };
  CHECK(alike(2).small == Layer::mid);  // 640 wide
  CHECK(alike(4).small == Layer::mid);  // 324 lines
  CHECK(alike(9).small == Layer::mid);  // 216 lines
  CHECK(alike(11).small == Layer::lo);  // 162 lines
  CHECK_FALSE(alike(4).large);
  const auto speaker = TileLayout(Arrangement::speaker, 11, 1280, 720).layers();
  CHECK(speaker.large == Layer::hi);  // 540 lines
  CHECK(speaker.small == Layer::lo);
}

TEST_CASE("a mix saturates and does not wrap around", "[mix]") {
  MixTick mix;
  const std::vector<std::int16_t> loud(kTickSamples, 30'000);
  const std::vector<std::int16_t> low(kTickSamples, -20'000);
  mix.add(loud);
  mix.add(loud);
  CHECK(mix.samples()[0] == 32'767);
  mix.add(low);
  CHECK(mix.samples()[479] == 12'767);
}

TEST_CASE("the header of a WAV file is right while it is still being written", "[mix]") {
  ScratchDir dir;
  const auto path = dir.path() / "mix.wav";
  WavFile file(path);
  const std::vector<std::int16_t> second(48'000, 5);
  REQUIRE(file.write(second));
  REQUIRE(file.write(second));
  const std::string bytes = content_of(path);
  CHECK(bytes.substr(0, 4) == "RIFF");
  CHECK(u32_at(bytes, 40) == 2 * 96'000);
  CHECK(u32_at(bytes, 4) == bytes.size() - 8);
  CHECK(bytes.size() == 44 + 2 * 96'000);
}

TEST_CASE("the room's file has everybody's sound but one's own and decodes cleanly", "[grid]") {
  ScratchDir dir;
  Grid grid(config_in(dir));
  hold_meeting(grid, 150);
  grid.close();
  const std::string path = (dir.path() / "grid.mkv").string();
  CHECK(output_of("ffmpeg -v error -i " + path + " -f null - 2>&1").empty());
  const double length =
      std::stod(output_of("ffprobe -v error -show_entries format=duration -of csv=p=0 " + path));
  CHECK(length == Approx(1.5).margin(0.25));
  CHECK(grid.figures().dropped == 0);
  CHECK(grid.figures().samples == 150 * kTickSamples);

  const std::string wav = content_of(dir.path() / "mix.wav");
  REQUIRE(wav.size() == 44 + 150 * kTickSamples * 2);
  for (std::size_t at = 44; at < wav.size(); at += 2) {
    std::int16_t sample = 0;
    std::memcpy(&sample, wav.data() + at, 2);
    if (sample != 1200) FAIL("sample " << (at - 44) / 2 << " is " << sample);
  }
}

TEST_CASE("the room's files are readable after kill -9", "[grid]") {
  ScratchDir dir;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    Grid grid(config_in(dir));
    hold_meeting(grid, 230);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  const std::string path = (dir.path() / "grid.mkv").string();
  CHECK(output_of("ffmpeg -v error -i " + path + " -f null - 2>&1").empty());
  CHECK(u32_at(content_of(dir.path() / "mix.wav"), 40) >= 96'000);
}

TEST_CASE("a disk that refuses the room's files is told of once for each of them", "[grid]") {
  ScratchDir dir;
  CHECK(exit_code_of([&] {
          // As on a full disk: two seconds of sound are 192,000 bytes.
          const rlimit limit{20'000, 20'000};
          ::setrlimit(RLIMIT_FSIZE, &limit);
          std::vector<std::string> told;
          GridConfig config = config_in(dir);
          config.on_alarm = [&](const std::filesystem::path& file) {
            told.push_back(file.filename().string());
          };
          Grid grid(std::move(config));
          hold_meeting(grid, 200);
          grid.close();
          std::sort(told.begin(), told.end());
          return told == std::vector<std::string>{"grid.mkv", "mix.wav"} &&
                 grid.figures().write_errors > 2;
        }) == 0);
}

TEST_CASE("a grid that cannot be written is refused with its path", "[grid]") {
  GridConfig config;
  config.grid = "/nonexistent/grid.mkv";
  config.names = {"Tỉnh"};
  CHECK_THROWS_WITH(Grid(config), Catch::Contains("/nonexistent/grid.mkv"));
}
