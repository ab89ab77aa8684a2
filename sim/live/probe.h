// Measures a real broker with client sessions of sim/mqtt: round trips of PINGREQ, what CONNACK
// says, how long silence is tolerated, and what an end without DISCONNECT brings about.
//
// Roles: some clients ping as their profile does. Others fall silent, each at a phase of its own
// (brokers look on grids), with TCP kept open, until the broker closes; then they do it again.
// Others end TCP without DISCONNECT. A watcher subscribes to the wills of the last two.
//
// Bounded: one client makes contact before all others come, connections are spread over time, and
// whoever fails several times in a row stays away.
#ifndef KEEPSIM_SIM_LIVE_PROBE_H_
#define KEEPSIM_SIM_LIVE_PROBE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/base/histogram.h"
#include "sim/base/time.h"
#include "sim/live/broker_fit.h"
#include "sim/live/live_trace.h"
#include "sim/live/socket.h"
#include "sim/live/tls.h"
#include "sim/mqtt/connect_options.h"
#include "sim/mqtt/profile.h"

namespace keepsim {

struct ProbeOptions {
  std::vector<Address> addresses;         // of the broker; at least one
  std::shared_ptr<const TlsContext> tls;  // null: none
  ClientProfile profile;
  // version, keep_alive_s (above 0), user name, password; the rest is the probe's.
  ConnectOptions connect;
  std::string id_prefix = "keepsim";
  uint32_t pinging = 7;  // at least 1
  uint32_t silent = 7;
  uint32_t dropped = 2;
  // Wills and messages under keepsim-probe/ID/. False: no topic is touched, and only the silent
  // client itself tells when it was closed.
  bool publish = true;
  Duration length = Seconds(60);            // from the first session on
  Duration contact_limit = Seconds(10);     // until the first session
  Duration connect_gap = Milliseconds(20);  // between any two connections
  uint64_t seed = 1;  // of client ids and back-off jitter: not repeated from run to run
  bool trace = false;
  const std::atomic<bool>* stop = nullptr;  // set by a signal
  std::function<void(Duration done, Duration total)> on_progress;
};

// A client's end of TCP without DISCONNECT.
struct DropSample {
  uint32_t client = 0;
  bool reset = false;  // RST; false: FIN
  Instant at;
  Instant will = kNever;
};

struct ProbeIncident {
  Instant at;
  std::string client;  // "pinging/3"
  std::string text;
};

struct ProbeResult {
  // ---- contact
  std::string address;  // of the broker, as connected
  std::string tls;      // "TLSv1.3, ..."; "": none
  bool contact = false;
  std::string no_contact;  // why not
  // ---- what is missing, in sentences. Empty: the result is complete.
  std::vector<std::string> missing;
  bool stopped = false;  // by `stop`
  Duration ran{0};
  // ---- connections
  int64_t attempts = 0;
  int64_t accepted = 0;
  std::map<uint8_t, int64_t> connack_codes;
  bool has_server_keep_alive = false;
  uint16_t server_keep_alive_s = 0;
  std::vector<Duration> tcp_times, tls_times,
      connack_times;                     // connect, handshake, CONNECT to CONNACK
  std::vector<ProbeIncident> incidents;  // the first kMaxIncidents, in order of time
  int64_t incident_count = 0;
  static constexpr size_t kMaxIncidents = 1000;
  // ---- pings
  std::vector<Duration> round_trips;  // in order of arrival
  int64_t pings_unanswered = 0;       // when their connection ended, or the probe
  // ---- silence
  std::vector<SilenceSample> silences;  // in order of their beginning
  std::vector<DropSample> drops;
  bool watched = false;  // wills were subscribed to
  // ---- the probe itself
  Histogram lateness;  // of its loop
  std::vector<TraceRecord> records;
  struct Group {
    std::string name;
    uint32_t count = 0;
  };
  std::vector<Group> groups;  // of `records`, entities from 1 on
};

// Blocks until the probe is over. An error is the operating system's; whatever the broker does is
// in the result.
absl::StatusOr<ProbeResult> RunProbe(const ProbeOptions& options);

// Open files that a probe of so many clients takes; raises the process's soft limit if it must.
// ResourceExhausted names both numbers and the remedy.
absl::Status ReserveFiles(uint32_t clients);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_PROBE_H_
