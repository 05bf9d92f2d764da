// The oracle: eleven bridges around a router in ns-3 3.37, by its own links and IPv4, drop-tail
// queues and nothing above them. Reads "ns from to bytes" in order of time, prints the ns of
// arrival of each or -1. Usage: mesh BIT/S QUEUE_PACKETS DELAY_NS
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/traffic-control-module.h"

namespace {

constexpr std::uint32_t kBridges = 11;
constexpr std::uint16_t kPort = 5000;

struct Sent {
  std::int64_t ns;
  std::uint32_t from, to, bytes;
};

std::vector<Sent> packets;
std::vector<std::int64_t> arrivals;
std::vector<ns3::Ptr<ns3::Socket>> sockets;
std::vector<ns3::Ipv4Address> addresses;

void receive(ns3::Ptr<ns3::Socket> socket) {
  while (const ns3::Ptr<ns3::Packet> packet = socket->Recv()) {
    std::uint8_t number[4];
    packet->CopyData(number, 4);
    const std::uint32_t i = number[0] | number[1] << 8U | number[2] << 16U | number[3] << 24U;
    arrivals[i] = ns3::Simulator::Now().GetNanoSeconds();
  }
}

void send(std::uint32_t i) {
  std::vector<std::uint8_t> payload(packets[i].bytes);
  for (unsigned byte = 0; byte < 4; ++byte)
    payload[byte] = static_cast<std::uint8_t>(i >> (8 * byte));
  sockets[packets[i].from]->SendTo(
      ns3::Create<ns3::Packet>(payload.data(), static_cast<std::uint32_t>(payload.size())), 0,
      ns3::InetSocketAddress(addresses[packets[i].to], kPort));
}

void build(const std::string& rate, const std::string& queue, const std::string& delay) {
  ns3::NodeContainer bridges, router;
  bridges.Create(kBridges);
  router.Create(1);
  ns3::InternetStackHelper stack;
  stack.Install(bridges);
  stack.Install(router);
  ns3::PointToPointHelper line;
  line.SetDeviceAttribute("DataRate", ns3::StringValue(rate + "bps"));
  line.SetChannelAttribute("Delay", ns3::StringValue(delay + "ns"));
  line.SetQueue("ns3::DropTailQueue<Packet>", "MaxSize", ns3::StringValue(queue + "p"));
  ns3::Ipv4AddressHelper ip("10.0.0.0", "255.255.255.0");
  for (std::uint32_t b = 0; b < kBridges; ++b) {
    const ns3::NetDeviceContainer devices = line.Install(bridges.Get(b), router.Get(0));
    addresses.push_back(ip.Assign(devices).GetAddress(0));
    ip.NewNetwork();
    // ns-3 puts FqCoDel on top of every device by default.
    ns3::TrafficControlHelper().Uninstall(devices);
    const auto socket =
        ns3::Socket::CreateSocket(bridges.Get(b), ns3::UdpSocketFactory::GetTypeId());
    socket->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), kPort));
    socket->SetRecvCallback(ns3::MakeCallback(&receive));
    sockets.push_back(socket);
  }
  ns3::Ipv4GlobalRoutingHelper::PopulateRoutingTables();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: mesh BIT/S QUEUE_PACKETS DELAY_NS\n";
    return 2;
  }
  build(argv[1], argv[2], argv[3]);
  Sent p{};
  while (std::cin >> p.ns >> p.from >> p.to >> p.bytes) packets.push_back(p);
  arrivals.assign(packets.size(), -1);
  for (std::uint32_t i = 0; i < packets.size(); ++i)
    ns3::Simulator::Schedule(ns3::NanoSeconds(packets[i].ns), &send, i);
  ns3::Simulator::Run();
  for (const std::int64_t at : arrivals) std::cout << at << '\n';
}
