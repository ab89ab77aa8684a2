// The closed ranges of every client row that follow from the sources read, in seconds.
#ifndef KEEPSIM_TESTS_MQTT_CLIENT_RANGES_H_
#define KEEPSIM_TESTS_MQTT_CLIENT_RANGES_H_

#include <cstdint>
#include <vector>

namespace keepsim {

struct Range {
  double low;
  double high;
  bool operator==(const Range&) const = default;
};
constexpr Range kNotAtAll{-1, -1};  // it never happens

struct ClientRanges {
  const char* name;
  const char* version;
  uint16_t k;
  // The ends of a range are approached at least this closely. Well below the ticks and turns of the
  // profile's own clockwork, so that one without them cannot come as near.
  double close;
  // Idle: from one PINGREQ to the next.
  Range idle;
  // The largest silence toward the broker, idle or after a single PUBLISH at any phase.
  double silence;
  // From one PINGREQ to the next while publishing QoS 0 with gaps below keepAlive, and QoS 1 with
  // its acknowledgements.
  Range busy;
  Range acked;
  // From the unanswered PINGREQ to the declaration.
  Range wait;
  // From the cut of the path to the declaration: idle, and publishing QoS 0.
  Range detect;
  Range busy_detect;
  // From the last packet received, a PUBACK at any phase, to the declaration.
  Range last_in;
  const char* clause;  // of the facts: client sections 3.1 (summary) to 3.17
};

const std::vector<ClientRanges>& AllClientRanges();

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_MQTT_CLIENT_RANGES_H_
