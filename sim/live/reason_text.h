// Return and reason codes in words.
#ifndef KEEPSIM_SIM_LIVE_REASON_TEXT_H_
#define KEEPSIM_SIM_LIVE_REASON_TEXT_H_

#include <cstdint>
#include <string>

#include "sim/mqtt/packet.h"

namespace keepsim {

// Of CONNACK (3.1.1 table 3.1; 5.0 section 3.2.2.2) and, in 5.0, of DISCONNECT (section 3.14.2.1):
// "not authorized (0x05)".
std::string ReasonText(MqttVersion version, uint8_t code);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_REASON_TEXT_H_
