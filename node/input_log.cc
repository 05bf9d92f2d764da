// Appends records with stdio; the core thread pays a memcpy, the kernel writes behind it.
#include "node/input_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace diemcau::node {

namespace {
constexpr char kMagic[] = "DCINPUT1";

void put_u32(std::vector<std::uint8_t>& out, std::uint32_t v) {
  for (unsigned i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(v >> (8 * i)));
}

// The bytes that an input owns and its words do not hold.
ByteSpan bytes_of(const mesh::Input& input, std::vector<std::uint8_t>& joined) {
  if (const auto* p = std::get_if<mesh::PacketArrived>(&input)) return p->packet->bytes();
  if (const auto* p = std::get_if<mesh::StrangerArrived>(&input)) return p->packet->bytes();
  if (const auto* a = std::get_if<mesh::AudioEncoded>(&input)) return a->bytes;
  if (const auto* v = std::get_if<mesh::VideoEncoded>(&input)) {
    joined.clear();
    for (const mesh::NalUnit& nal : v->nals) {
      put_u32(joined, nal.size);
      joined.insert(joined.end(), nal.data, nal.data + nal.size);
    }
    return joined;
  }
  return {};
}

// The bytes that an output carries.
ByteSpan bytes_of(const mesh::Output& output) {
  if (const auto* p = std::get_if<mesh::SendPacket>(&output)) return p->packet->bytes();
  if (const auto* a = std::get_if<mesh::PlayAudio>(&output)) return a->media.bytes;
  if (const auto* d = std::get_if<mesh::DecodeFrame>(&output)) return d->media.bytes;
  if (const auto* r = std::get_if<mesh::RecordBytes>(&output)) return r->media.bytes;
  return {};
}

class LoggedHandshake : public mesh::Handshake {
 public:
  LoggedHandshake(std::unique_ptr<mesh::Handshake> inner, InputLog& log)
      : inner_(std::move(inner)), log_(log) {}
  void start() override { inner_->start(); }
  void handle(ByteSpan datagram) override { inner_->handle(datagram); }
  std::vector<std::vector<std::uint8_t>> poll_flight() override {
    auto flight = inner_->poll_flight();
    log_.handshake(inner_->state(), flight);
    return flight;
  }
  mesh::HandshakeState state() const override { return inner_->state(); }

 private:
  std::unique_ptr<mesh::Handshake> inner_;
  InputLog& log_;
};
}  // namespace

void OutputDigest::add(Timestamp now, const mesh::Output& output) {
  words_.clear();
  mesh::trace(now, 0, output, words_);
  for (const std::uint64_t word : words_) digest_.add(word);
  for (const std::uint8_t byte : bytes_of(output)) digest_.add(byte);
}

InputLog::InputLog(const std::filesystem::path& path, std::uint64_t max_bytes) : room_(max_bytes) {
  const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), path.string());
  file_ = ::fdopen(fd, "wb");
  std::fwrite(kMagic, 1, sizeof kMagic - 1, file_);
}

InputLog::~InputLog() { std::fclose(file_); }

void InputLog::record(char type, ByteSpan head, ByteSpan body) {
  const std::size_t length = head.size() + body.size();
  if (full_ || length + 5 > room_) {
    full_ = true;
    return;
  }
  room_ -= length + 5;
  std::uint8_t front[5] = {static_cast<std::uint8_t>(type)};
  for (unsigned i = 0; i < 4; ++i) front[1 + i] = static_cast<std::uint8_t>(length >> (8 * i));
  const auto written = [this](ByteSpan bytes) {
    return bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
  };
  if (!written(front) || !written(head) || !written(body)) {
    full_ = true;
  }
}

void InputLog::config(const mesh::BridgeConfig& c) {
  const auto name = [](std::optional<Layer> layer) { return layer ? name_of(*layer) : "none"; };
  std::string text =
      "self " + std::to_string(c.self.value) + "\nseed " + std::to_string(c.seed) + "\nrecords " +
      std::to_string(c.records) + "\nsmall " + name(c.tiles.small) + "\nlarge " +
      name(c.tiles.large) + "\ncentral " + name(c.tiles.central) + "\nuplink " +
      std::to_string(c.uplink.bps()) + "\nhi " + std::to_string(c.rates.hi.bps()) + "\nmid " +
      std::to_string(c.rates.mid.bps()) + "\nlo " + std::to_string(c.rates.lo.bps()) + "\naudio " +
      std::to_string(c.rates.audio.bps()) + "\ndocument " +
      std::to_string(c.document_rates.hi.bps()) + "\n";
  for (const auto& entry : c.roster) {
    text += "bridge " + entry.id + (entry.role == mesh::Role::central ? " central" : " member");
    for (const Endpoint& address : entry.addresses) {
      static constexpr char kHex[] = "0123456789abcdef";
      text += ' ';
      for (const std::uint8_t byte : address.ip) {
        text += kHex[byte >> 4];
        text += kHex[byte & 15];
      }
      text += ':' + std::to_string(address.port);
    }
    text += '\n';
  }
  record('C', {}, ByteSpan(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void InputLog::input(Timestamp now, const mesh::Input& input) {
  now_ = now;
  words_.clear();
  mesh::trace(now, 0, input, words_);
  std::vector<std::uint8_t> head;
  put_u32(head, static_cast<std::uint32_t>(words_.size()));
  for (const std::uint64_t word : words_) {
    for (unsigned i = 0; i < 8; ++i) head.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
  }
  record('I', head, bytes_of(input, bytes_));
}

void InputLog::outputs_polled() {
  std::array<std::uint8_t, 8> body;
  for (unsigned i = 0; i < 8; ++i) {
    body[i] = static_cast<std::uint8_t>(outputs_.value() >> (8 * i));
  }
  record('O', {}, body);
}

void InputLog::mac(const std::array<std::uint8_t, 32>& answer) { record('M', {}, answer); }

void InputLog::handshake(mesh::HandshakeState state,
                         const std::vector<std::vector<std::uint8_t>>& flight) {
  std::vector<std::uint8_t> body{static_cast<std::uint8_t>(state)};
  for (const auto& datagram : flight) {
    body.push_back(static_cast<std::uint8_t>(datagram.size()));
    body.push_back(static_cast<std::uint8_t>(datagram.size() >> 8));
    body.insert(body.end(), datagram.begin(), datagram.end());
  }
  record('H', {}, body);
}

std::array<std::uint8_t, 32> LoggedPairMac::mac(PeerId peer, ByteSpan message) {
  const auto answer = inner_.mac(peer, message);
  log_.mac(answer);
  return answer;
}

std::unique_ptr<mesh::Handshake> LoggedHandshakes::make(PeerId peer, mesh::HandshakeRole role) {
  return std::make_unique<LoggedHandshake>(inner_.make(peer, role), log_);
}

}  // namespace diemcau::node
