// Key files and public keys as operators handle them.
#include "node/keys.h"

#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "node/catalogue.h"
#include "tests/node/scratch_dir.h"

extern char** environ;

using namespace diemcau::node;

namespace {

// The P-256 key pair of RFC 6979 appendix A.2.5 as SubjectPublicKeyInfo.
const char* const kRfc6979Key =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5"
    "A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==";

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const OperatorError& e) {
    return e.in(Language::en);
  }
  return "";
}

int exit_of(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1, 0);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, arguments[0], &quiet, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  int status = -1;
  if (failed != 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void write(const std::filesystem::path& file, const std::string& text, mode_t mode = 0600) {
  std::ofstream{file} << text;
  chmod(file.c_str(), mode);
}

}  // namespace

TEST_CASE("a key that was saved loads as the same key", "[node][keys]") {
  ScratchDir dir;
  const PrivateKey key = PrivateKey::generate();
  key.save(dir.path() / "key.pem");
  CHECK(PrivateKey::load(dir.path() / "key.pem").public_key() == key.public_key());
}

TEST_CASE("a key file is for its owner only", "[node][keys]") {
  ScratchDir dir;
  const auto file = dir.path() / "key.pem";
  PrivateKey::generate().save(file);
  struct stat status {};
  REQUIRE(stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("a key file that others may read is refused with the remedy", "[node][keys]") {
  ScratchDir dir;
  const auto file = dir.path() / "key.pem";
  PrivateKey::generate().save(file);
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U}) {
    chmod(file.c_str(), mode);
    CHECK(error_of([&] { PrivateKey::load(file); }) ==
          fmt::format("others may access the key file {0} (mode {1:04o}); run: chmod 600 {0}",
                      file.string(), mode));
  }
  chmod(file.c_str(), 0400);
  CHECK(error_of([&] { PrivateKey::load(file); }).empty());
}

TEST_CASE("a key file is never overwritten", "[node][keys]") {
  ScratchDir dir;
  const auto file = dir.path() / "key.pem";
  const PrivateKey first = PrivateKey::generate();
  first.save(file);
  CHECK(error_of([&] { PrivateKey::generate().save(file); }) ==
        file.string() + " exists already; choose another name or move the old file away");
  CHECK(PrivateKey::load(file).public_key() == first.public_key());
}

TEST_CASE("openssl reads a key file", "[node][keys]") {
  ScratchDir dir;
  const auto file = dir.path() / "key.pem";
  PrivateKey::generate().save(file);
  CHECK(exit_of({"openssl", "pkey", "-in", file.string(), "-noout", "-check"}) == 0);
}

TEST_CASE("a key that openssl made loads", "[node][keys]") {
  ScratchDir dir;
  const auto file = (dir.path() / "key.pem").string();
  REQUIRE(exit_of({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                   "-out", file}) == 0);
  chmod(file.c_str(), 0600);
  CHECK(PrivateKey::load(file).public_key().der().size() == 91);
}

TEST_CASE("a key of another curve is refused with the remedy", "[node][keys]") {
  ScratchDir dir;
  const auto file = (dir.path() / "key.pem").string();
  REQUIRE(exit_of({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384",
                   "-out", file}) == 0);
  chmod(file.c_str(), 0600);
  CHECK(error_of([&] { PrivateKey::load(file); }) ==
        "the key in " + file +
            " is not on the curve P-256; make a new one with diemcau-node keygen");
}

TEST_CASE("what is no key file is refused, and a missing one says how to make it", "[node][keys]") {
  ScratchDir dir;
  const auto file = dir.path() / "key.pem";
  CHECK(error_of([&] { PrivateKey::load(file); }) ==
        fmt::format("there is no key file {0}; make one with: diemcau-node keygen --out {0}",
                    file.string()));
  write(file, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  CHECK(error_of([&] { PrivateKey::load(file); }) ==
        file.string() +
            " is no PEM private key without a password; make a new one with diemcau-node keygen");
}

TEST_CASE("a public key reads back from its base64", "[node][keys]") {
  const PublicKey key = PrivateKey::generate().public_key();
  const auto read = PublicKey::from_base64(key.base64());
  REQUIRE(read);
  CHECK(*read == key);
  CHECK(read->pin() == key.pin());
}

TEST_CASE("a published P-256 key is read and written unchanged", "[node][keys]") {
  const auto key = PublicKey::from_base64(kRfc6979Key);
  REQUIRE(key);
  CHECK(key->base64() == kRfc6979Key);
}

TEST_CASE("any damaged character of a public key is refused", "[node][keys]") {
  const std::string good = kRfc6979Key;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    INFO("character " << i);
    CHECK_FALSE(PublicKey::from_base64(bad));
    bad[i] = '!';
    CHECK_FALSE(PublicKey::from_base64(bad));
    CHECK_FALSE(PublicKey::from_base64(good.substr(0, i)));
  }
  CHECK_FALSE(PublicKey::from_base64(good + "A"));
}

TEST_CASE("two keys agree on one secret, a third does not", "[node][keys]") {
  const PrivateKey a = PrivateKey::generate(), b = PrivateKey::generate();
  const PrivateKey c = PrivateKey::generate();
  CHECK(a.agree(b.public_key()) == b.agree(a.public_key()));
  CHECK(a.agree(b.public_key()) != c.agree(b.public_key()));
}
