// How fast ns-3 3.37 carries the mesh of bench/sim/link_bench.cc: full mesh around a router, 1
// Mbit/s in packets of 1,200 bytes between any two. Prints delivered packets and the seconds of one
// core that they took, as Google Benchmark counts ours: wall seconds when the core is free.
// Usage: mesh_speed BRIDGES SECONDS
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/traffic-control-module.h"

namespace {

constexpr std::uint16_t kPort = 5000;
constexpr std::int64_t kIntervalNs = 9'600'000;  // 1,200 bytes at 1 Mbit/s
constexpr std::int64_t kPhasePrime = 7'919;      // as in link_bench.cc: no two pairs in step

std::uint64_t delivered = 0;
std::vector<ns3::Ptr<ns3::Socket>> sockets;
std::vector<ns3::Ipv4Address> addresses;

void receive(ns3::Ptr<ns3::Socket> socket) {
  while (socket->Recv()) ++delivered;
}

void send(std::uint32_t from, std::uint32_t to) {
  sockets[from]->SendTo(ns3::Create<ns3::Packet>(1200), 0,
                        ns3::InetSocketAddress(addresses[to], kPort));
  ns3::Simulator::Schedule(ns3::NanoSeconds(kIntervalNs), &send, from, to);
}

void build(std::uint32_t count) {
  ns3::NodeContainer bridges, router;
  bridges.Create(count);
  router.Create(1);
  ns3::InternetStackHelper stack;
  stack.Install(bridges);
  stack.Install(router);
  ns3::PointToPointHelper line;
  line.SetDeviceAttribute("DataRate", ns3::StringValue(std::to_string(2 * count) + "Mbps"));
  line.SetChannelAttribute("Delay", ns3::StringValue("6ms"));
  line.SetQueue("ns3::DropTailQueue<Packet>", "MaxSize", ns3::StringValue("1000p"));
  ns3::Ipv4AddressHelper ip("10.0.0.0", "255.255.255.0");
  for (std::uint32_t b = 0; b < count; ++b) {
    const ns3::NetDeviceContainer devices = line.Install(bridges.Get(b), router.Get(0));
    addresses.push_back(ip.Assign(devices).GetAddress(0));
    ip.NewNetwork();
    // ns-3 puts FqCoDel on top of every device by default; ours have none either.
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
  if (argc != 3) {
    std::cerr << "usage: mesh_speed BRIDGES SECONDS\n";
    return 2;
  }
  const auto count = static_cast<std::uint32_t>(std::atoi(argv[1]));
  build(count);
  for (std::uint32_t from = 0; from < count; ++from) {
    for (std::uint32_t to = 0; to < count; ++to) {
      const std::int64_t pair = static_cast<std::int64_t>(from) << 16 | to;
      if (from != to)
        ns3::Simulator::Schedule(ns3::NanoSeconds(pair * kPhasePrime % kIntervalNs), &send, from,
                                 to);
    }
  }
  ns3::Simulator::Stop(ns3::Seconds(std::atof(argv[2])));
  const std::clock_t begin = std::clock();
  ns3::Simulator::Run();
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::cout << delivered << ' ' << seconds << '\n';
}
