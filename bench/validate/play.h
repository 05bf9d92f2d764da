// Plays packets from a stream through lines and prints what became of each, for the references that
// are written in another language.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace diemcau::validate {

// One line. Options: rate=BIT/S opportunities=FILE queue=BYTES discipline=codel|fq_codel. Reads
// "ns bytes flow", prints the ns of arrival or -1. Throws std::runtime_error.
void play_line(const std::vector<std::string>& options, std::istream& in, std::ostream& out);

// A star of access lines around a router without cost: rate=BIT/S queue=PACKETS bytes=WIRE_BYTES
// delay=NS. Reads "ns from to bytes" in order of time, prints as above.
void play_star(const std::vector<std::string>& options, std::istream& in, std::ostream& out);

// One TCP flow without end over one bottleneck, with the options of bench/validate/ns3/tcp.cc:
// kind, rate, rtt (ns), queue (packets), from and to (s). Prints the bytes that the application got
// between the two, and the mean wait in the queue in ns.
void play_tcp(const std::vector<std::string>& words, std::ostream& out);

}  // namespace diemcau::validate
