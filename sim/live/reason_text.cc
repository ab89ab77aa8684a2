#include "sim/live/reason_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace keepsim {
namespace {

struct Code {
  uint8_t code;
  const char* text;
};

constexpr Code kV3[] = {
    {0, "accepted"},
    {1, "protocol version not accepted"},
    {2, "client identifier rejected"},
    {3, "server unavailable"},
    {4, "bad user name or password"},
    {5, "not authorized"},
};

constexpr Code kV5[] = {
    {0x00, "success"},
    {0x04, "disconnect with will"},
    {0x80, "unspecified error"},
    {0x81, "malformed packet"},
    {0x82, "protocol error"},
    {0x83, "implementation specific error"},
    {0x84, "protocol version not supported"},
    {0x85, "client identifier not valid"},
    {0x86, "bad user name or password"},
    {0x87, "not authorized"},
    {0x88, "server unavailable"},
    {0x89, "server busy"},
    {0x8A, "banned"},
    {0x8B, "server shutting down"},
    {0x8C, "bad authentication method"},
    {0x8D, "keep alive timeout"},
    {0x8E, "session taken over"},
    {0x8F, "topic filter invalid"},
    {0x90, "topic name invalid"},
    {0x93, "receive maximum exceeded"},
    {0x94, "topic alias invalid"},
    {0x95, "packet too large"},
    {0x96, "message rate too high"},
    {0x97, "quota exceeded"},
    {0x98, "administrative action"},
    {0x99, "payload format invalid"},
    {0x9A, "retain not supported"},
    {0x9B, "QoS not supported"},
    {0x9C, "use another server"},
    {0x9D, "server moved"},
    {0x9E, "shared subscriptions not supported"},
    {0x9F, "connection rate exceeded"},
    {0xA0, "maximum connect time"},
    {0xA1, "subscription identifiers not supported"},
    {0xA2, "wildcard subscriptions not supported"},
};

template <int kCount>
const char* Find(const Code (&codes)[kCount], uint8_t code) {
  for (const Code& c : codes) {
    if (c.code == code) return c.text;
  }
  return "unknown code";
}

}  // namespace

std::string ReasonText(MqttVersion version, uint8_t code) {
  const char* const text = version == MqttVersion::kV5 ? Find(kV5, code) : Find(kV3, code);
  return absl::StrCat(text, absl::StrFormat(" (0x%02x)", code));
}

}  // namespace keepsim
