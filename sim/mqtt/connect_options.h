// Everything a CONNECT packet says (MQTT 3.1.1 section 3.1, 5.0 section 3.1).
#ifndef KEEPSIM_SIM_MQTT_CONNECT_OPTIONS_H_
#define KEEPSIM_SIM_MQTT_CONNECT_OPTIONS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "sim/mqtt/packet.h"

namespace keepsim {

struct Will {
  std::string topic;
  std::string payload;
  uint8_t qos = 0;
  bool retain = false;
  uint32_t delay_s = 0;  // 5.0: Will Delay Interval (0x18)
  friend bool operator==(const Will&, const Will&) = default;
};

struct ConnectOptions {
  MqttVersion version = MqttVersion::kV311;
  std::string client_id;
  bool clean_start = true;  // 3.1.1: clean session
  uint16_t keep_alive_s = 60;
  bool has_user_name = false;
  std::string user_name;
  bool has_password = false;
  std::string password;
  bool has_will = false;
  Will will;
  // 5.0 properties; absent is 0 / false / empty unless said otherwise.
  uint32_t session_expiry_s = 0;                                     // 0x11; 0xFFFFFFFF: never
  uint16_t receive_maximum = 65535;                                  // 0x21; absent means 65535
  uint32_t maximum_packet_size = 0;                                  // 0x27; 0: absent
  uint16_t topic_alias_maximum = 0;                                  // 0x22
  bool request_response_information = false;                         // 0x19
  bool request_problem_information = true;                           // 0x17; absent means true
  std::vector<std::pair<std::string, std::string>> user_properties;  // 0x26
  friend bool operator==(const ConnectOptions&, const ConnectOptions&) = default;
};

// `text` as the client with this index in its group has it: {group} and {index} replaced.
std::string ForClient(absl::string_view text, absl::string_view group, uint32_t index);
// The same, added to `result`: what has room for it allocates nothing.
void AppendForClient(absl::string_view text, absl::string_view group, uint32_t index,
                     std::string* result);
// The same for every text of CONNECT.
ConnectOptions ForClient(ConnectOptions options, absl::string_view group, uint32_t index);

// Bytes of the CONNECT packet on the wire.
uint32_t ConnectSize(const ConnectOptions& options);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_MQTT_CONNECT_OPTIONS_H_
