// A run of one client session against a broker that answers at once, or late within a turn of the
// client's main loop, until the path is cut or the run is over.
#ifndef KEEPSIM_TESTS_MQTT_CLIENT_TRIAL_H_
#define KEEPSIM_TESTS_MQTT_CLIENT_TRIAL_H_

#include <deque>
#include <utility>
#include <vector>

#include "sim/mqtt/client_session.h"

namespace keepsim {

struct ClientTrial {
  // What is late: by a share of loop_delay_max, each look; and where the profile has a main loop,
  // whose looks go by what it receives, each answer, by a share of the loop's turn. (A client that
  // publishes again and again moves its loop itself if that wakes it; its answers take no time.)
  enum class Late { kPrompt, kAlways, kOdd, kEven, kMixed };

  const ClientProfile* profile;
  uint16_t k;
  Late late;
  Instant begin = kStart;  // connected then
  uint8_t qos = 0;
  Instant first_publish = kNever;
  Duration period = kForever;  // between publishes
  Instant cut = kNever;        // packets sent from then on are lost
  Instant until = kNever;

  // ---- what came of it
  std::vector<Instant> pings;
  std::vector<Instant> sends;
  Instant last_in = kStart;
  Instant unanswered = kNever;  // the first PINGREQ after the cut
  Instant declared = kNever;

  void Go();

  // ---- the rest is this struct's own
  Duration Share(Duration bound, uint64_t number) const;
  void AnswerLater(const Packet& packet);
  void Take(const Effects& effects);
  void Answer(const Packet& packet);

  ClientParams params;
  ClientSession s;
  Instant now = kStart;
  uint64_t looks = 0;
  uint64_t answered = 0;
  std::deque<std::pair<Instant, Packet>> answers;  // on their way, by arrival
};

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_MQTT_CLIENT_TRIAL_H_
