// The oracle of TCP: one sender, one bottleneck and one receiver in ns-3 3.37, with the segment
// size, timers, delayed acknowledgments and loss recovery that sim/tcp_flow.h has. Prints the bytes
// that the application got in every second, then the mean queue in bytes of every second. Usage:
// tcp newreno|cubic BIT/S RTT_NS QUEUE_PACKETS SECONDS
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "ns3/applications-module.h"
#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/traffic-control-module.h"

namespace {

// As Linux has them, and sim/tcp_flow.cc. HyStart is off, which ours has not. SACK stays on:
// without it ns-3's CUBIC takes its own retransmissions for losses after slow start and sends
// everything twice for a minute; ours learns of duplicates from the acknowledgment (RFC 2883).
void set_defaults(const std::string& kind) {
  namespace Config = ns3::Config;
  Config::SetDefault("ns3::TcpL4Protocol::SocketType",
                     ns3::TypeIdValue(kind == "cubic" ? ns3::TcpCubic::GetTypeId()
                                                      : ns3::TcpNewReno::GetTypeId()));
  Config::SetDefault("ns3::TcpL4Protocol::RecoveryType",
                     ns3::TypeIdValue(ns3::TcpClassicRecovery::GetTypeId()));
  Config::SetDefault("ns3::TcpSocketBase::Sack", ns3::BooleanValue(true));
  Config::SetDefault("ns3::TcpSocketBase::MinRto", ns3::TimeValue(ns3::MilliSeconds(200)));
  Config::SetDefault("ns3::TcpSocket::SegmentSize", ns3::UintegerValue(1448));
  Config::SetDefault("ns3::TcpSocket::InitialCwnd", ns3::UintegerValue(10));
  Config::SetDefault("ns3::TcpSocket::DelAckCount", ns3::UintegerValue(2));
  Config::SetDefault("ns3::TcpSocket::DelAckTimeout", ns3::TimeValue(ns3::MilliSeconds(40)));
  Config::SetDefault("ns3::TcpSocket::SndBufSize", ns3::UintegerValue(8U << 20U));
  Config::SetDefault("ns3::TcpSocket::RcvBufSize", ns3::UintegerValue(4U << 20U));
  Config::SetDefault("ns3::TcpCubic::HyStart", ns3::BooleanValue(false));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: tcp newreno|cubic BIT/S RTT_NS QUEUE_PACKETS SECONDS\n";
    return 2;
  }
  set_defaults(argv[1]);
  const auto half_ns = std::stoll(argv[3]) / 2;
  const std::string queue = std::string(argv[4]) + "p";
  const int seconds = std::stoi(argv[5]);

  ns3::NodeContainer ends;
  ends.Create(2);
  ns3::InternetStackHelper().Install(ends);
  ns3::PointToPointHelper line;
  line.SetDeviceAttribute("DataRate", ns3::StringValue(std::string(argv[2]) + "bps"));
  line.SetChannelAttribute("Delay", ns3::TimeValue(ns3::NanoSeconds(half_ns)));
  line.SetQueue("ns3::DropTailQueue<Packet>", "MaxSize", ns3::StringValue(queue));
  const ns3::NetDeviceContainer devices = line.Install(ends);
  ns3::Ipv4AddressHelper ip("10.0.0.0", "255.255.255.0");
  const ns3::Ipv4InterfaceContainer addresses = ip.Assign(devices);
  ns3::TrafficControlHelper().Uninstall(devices);  // FqCoDel, which ns-3 puts there by default
  // Acknowledgments never wait for room.
  ns3::DynamicCast<ns3::PointToPointNetDevice>(devices.Get(1))
      ->GetQueue()
      ->SetMaxSize(ns3::QueueSize("100000p"));

  ns3::PacketSinkHelper sink("ns3::TcpSocketFactory",
                             ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), 5000));
  const auto receiver = ns3::DynamicCast<ns3::PacketSink>(sink.Install(ends.Get(1)).Get(0));
  ns3::BulkSendHelper bulk("ns3::TcpSocketFactory",
                           ns3::InetSocketAddress(addresses.GetAddress(1), 5000));
  bulk.SetAttribute("SendSize", ns3::UintegerValue(1448));
  bulk.Install(ends.Get(0));

  const auto waiting = ns3::DynamicCast<ns3::PointToPointNetDevice>(devices.Get(0))->GetQueue();
  std::vector<std::uint64_t> bytes, queued(static_cast<std::size_t>(seconds), 0);
  for (int ms = 0; ms < seconds * 1000; ++ms) {
    ns3::Simulator::Schedule(ns3::MilliSeconds(ms), [&queued, &waiting, ms] {
      queued[static_cast<std::size_t>(ms / 1000)] += waiting->GetNBytes();
    });
  }
  for (int second = 1; second <= seconds; ++second) {
    ns3::Simulator::Schedule(ns3::Seconds(second),
                             [&bytes, &receiver] { bytes.push_back(receiver->GetTotalRx()); });
  }
  ns3::Simulator::Stop(ns3::Seconds(seconds) + ns3::NanoSeconds(1));
  ns3::Simulator::Run();
  std::uint64_t before = 0;
  for (const std::uint64_t total : bytes) {
    std::cout << total - before << '\n';
    before = total;
  }
  for (const std::uint64_t sum : queued) std::cout << sum / 1000 << '\n';
}
