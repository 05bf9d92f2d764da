// Probes of a line measurement: answered with what arrived, and with nothing else.
#include "core/mesh/probe_log.h"

#include <catch2/catch.hpp>

#include "tests/support/test_mesh.h"

using namespace diemcau;
using namespace diemcau::mesh;
using test::TestMesh;

namespace {

NtpTime at(std::uint64_t n) { return NtpTime::from_raw(n); }

wire::StunProbe asked(std::uint32_t sequence, std::uint32_t first) {
  wire::StunProbe probe;
  probe.sequence = sequence;
  probe.first = first;
  return probe;
}

// A prober that sits at b1's address: probes for b0 in, answers out.
struct Prober {
  TestMesh& mesh;
  test::KeyedMac mac{PeerId{1}, 42};
  std::vector<std::vector<std::uint8_t>> sent;  // STUN datagrams of b0

  explicit Prober(TestMesh& m) : mesh(m) {
    mesh.drop = [](const TestMesh::Datagram&) { return true; };
    mesh.on_output = [this](std::size_t bridge, const Output& out) {
      const auto* send = std::get_if<SendPacket>(&out);
      if (bridge == 0 && send != nullptr && send->kind == PacketKind::stun)
        sent.emplace_back(send->packet->bytes().begin(), send->packet->bytes().end());
    };
  }
  void probe(const wire::StunProbe& probe) {
    std::array<std::uint8_t, wire::kMaxStunBytes> buffer{};
    ByteWriter out(buffer);
    wire::StunMessage m;
    m.transaction[0] = static_cast<std::uint8_t>(probe.sequence);
    m.username = "b0:b1";
    m.session_id = 77;
    m.probe = probe;
    wire::write_stun(out, m, [&](ByteSpan covered) { return mac.mac(PeerId{0}, covered); });
    PacketRef packet = mesh.packets(0).take();
    std::copy_n(buffer.begin(), out.size(), packet->data());
    packet->set_size(out.size());
    const Endpoint from = Endpoint::v4(0x0A00'0001, 6000);
    mesh.input(0, StrangerArrived{0, from, mesh.now(), std::move(packet)});
  }
  std::vector<wire::StunProbe> answers() const {
    std::vector<wire::StunProbe> found;
    for (const auto& bytes : sent) {
      const auto m = wire::parse_stun(bytes);
      if (m && m->message_class == wire::StunClass::success && m->probe && m->clock)
        found.push_back(*m->probe);
    }
    return found;
  }
};

}  // namespace

TEST_CASE("an answer names which of eight probes arrived, and when", "[core][mesh]") {
  ProbeLog log;
  static_cast<void>(log.answer(1, asked(3, 0), at(30)));
  static_cast<void>(log.answer(1, asked(5, 0), at(50)));
  static_cast<void>(log.answer(1, asked(3, 0), at(99)));  // a copy
  const auto answer = log.answer(1, asked(7, 2), at(70));
  CHECK(answer.sequence == 7);
  CHECK(answer.first == 2);
  const std::array<NtpTime, 8> expected = {at(0), at(30), at(0), at(50),
                                           at(0), at(70), at(0), at(0)};
  CHECK(answer.arrivals == expected);
}

TEST_CASE("a new session knows nothing of the one before", "[core][mesh]") {
  ProbeLog log;
  static_cast<void>(log.answer(1, asked(0, 0), at(10)));
  CHECK(log.answer(2, asked(1, 0), at(20)).arrivals[0] == at(0));
}

TEST_CASE("the log remembers its last 1,024 probes, whatever their numbers", "[core][mesh]") {
  ProbeLog log;
  const std::uint32_t last = 5'000;
  for (std::uint32_t i = 0; i <= last; ++i)
    static_cast<void>(log.answer(1, asked(i, 0), at(i + 1)));
  const auto oldest = static_cast<std::uint32_t>(last + 1 - ProbeLog::kRemembered);
  CHECK(log.answer(1, asked(last, oldest), at(1)).arrivals[0] == at(oldest + 1));
  CHECK(log.answer(1, asked(last, oldest - 1), at(1)).arrivals[0] == at(0));
  const auto wrapped = log.answer(1, asked(0xFFFF'FFFF, 0xFFFF'FFFE), at(7));
  CHECK(wrapped.arrivals[1] == at(7));
}

TEST_CASE("a bridge answers probes, each once, and asks nothing back", "[core][mesh]") {
  TestMesh mesh(2);
  Prober prober(mesh);
  mesh.run_for(20s);  // checks have backed off to one in 1.6 … 2.4 s
  prober.sent.clear();
  prober.probe(asked(0, 0));
  CHECK(prober.answers().size() == 1);
  // A new address is looked at once, whatever came from there.
  mesh.run_for(5ms);
  prober.sent.clear();
  for (std::uint32_t i = 1; i <= 50; ++i) {
    prober.probe(asked(i, i - 1));
    mesh.run_for(10ms);
  }
  const auto answers = prober.answers();
  REQUIRE(answers.size() == 50);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CHECK(answers[i].sequence == i + 1);
    CHECK(answers[i].arrivals[0] != NtpTime{});
    CHECK(answers[i].arrivals[1] != NtpTime{});
    CHECK(answers[i].arrivals[2] == NtpTime{});
  }
  // The rest are the checks of its own schedule: two addresses, at most every 1.6 s.
  CHECK(prober.sent.size() - answers.size() <= 2);
  CHECK(mesh.count_events(0, EventKind::link_proven) == 0);
}
