// Which row of sim/mqtt's broker profiles explains when a broker closed silent connections? Each
// row's own session code is fed with the packets that were sent, and says when it would have
// closed.
#ifndef KEEPSIM_SIM_LIVE_BROKER_FIT_H_
#define KEEPSIM_SIM_LIVE_BROKER_FIT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/time.h"
#include "sim/mqtt/packet.h"
#include "sim/mqtt/profile.h"

namespace keepsim {

struct SentPacket {
  Instant at;
  PacketType type = PacketType::kPingreq;
};

// One connection that fell silent.
struct SilenceSample {
  uint32_t client = 0;           // number among the silent ones
  uint16_t keep_alive_s = 0;     // as asked for in CONNECT
  std::vector<SentPacket> sent;  // CONNECT first; the last one is the last sign of life
  Instant ended = kNever;        // when the client saw the end, or was no longer watched
  bool closed = false;           // false: still open at `ended`
  std::string how;               // "the broker closed the connection", "DISCONNECT: ..."
  Instant will = kNever;         // when the watcher got the will

  Duration silence() const { return ended - sent.back().at; }
};

struct BrokerFit {
  const BrokerProfile* profile = nullptr;
  // Mean and largest difference between the silences measured (less one round trip) and this row's,
  // at the phase of its grid that fits best. A connection that stayed open counts by how much
  // longer than the row allows it did.
  Duration distance{0};
  Duration largest{0};
  // Within the resolution of the nearest row's distance: the measurements do not tell them apart.
  bool as_good_as_best = false;
};

struct BrokerFits {
  std::vector<BrokerFit> fits;  // nearest first; empty: nothing to fit
  // Differences below this say nothing: timing error of the measurement.
  Duration resolution{0};
  // The nearest row's distance is above this: no row explains the broker.
  Duration limit{0};
  bool explained() const { return !fits.empty() && fits.front().distance <= limit; }
};

// The silence after which this row closes the connection, if its grid began `phase` before the
// probe's clock. kForever: never.
Duration PredictedSilence(const BrokerProfile& profile, MqttVersion version,
                          const SilenceSample& sample, Duration phase);

// `round_trip`: what the silence seen by the client is longer than the broker's. `error`: how wrong
// an instant may be measured.
BrokerFits FitBrokers(const std::vector<SilenceSample>& samples, MqttVersion version,
                      Duration round_trip, Duration error);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_BROKER_FIT_H_
