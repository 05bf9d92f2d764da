// Parts of a bridge as its settings have them; what cannot be had is told with the setting that
// says so.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/packet_pool.h"
#include "node/catalogue.h"
#include "node/config.h"
#include "node/metrics.h"
#include "node/recorder.h"
#include "node/udp_port.h"

namespace diemcau::node {

// The pool outlives it. Throws OperatorError, as the next one.
std::unique_ptr<UdpPort> open_port(boost::asio::io_context& io, PacketPool& packets,
                                   const Config& config);
std::unique_ptr<Metrics> open_metrics(const Config& config);
// Whatever the recorder has to say goes to the operator's log; who is asked for key frames, to
// `on_key_wanted`, on the recorder's thread.
RecorderConfig recorder_config(const Config& config, Language language,
                               std::vector<std::string> bridge_ids,
                               std::function<void(const StreamId&)> on_key_wanted);

}  // namespace diemcau::node
