// One probe on its way: who is connected, what comes next, what was seen. Of sim/live/probe.h
// alone.
#ifndef KEEPSIM_SIM_LIVE_PROBER_H_
#define KEEPSIM_SIM_LIVE_PROBER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sim/base/time.h"
#include "sim/live/live_client.h"
#include "sim/live/poll_loop.h"
#include "sim/live/probe.h"

namespace keepsim {

enum class Role { kPinging, kSilent, kDropped, kWatching };
const char* RoleName(Role role);  // "pinging"

// How a sample of silence begins.
enum class Last { kPingreq, kPublish, kConnect };

struct Member {
  Role role = Role::kPinging;
  uint32_t index = 0;  // within the role
  std::unique_ptr<LiveClient> client;
  Instant start_at = kNever;  // the next session
  Instant act_at = kNever;    // last packet, or drop
  Last last = Last::kPingreq;
  int sample = -1;      // index into silences or drops
  int failures = 0;     // attempts in a row without a session
  int rounds = 0;       // samples of a dropped one
  uint8_t connack = 0;  // the latest CONNACK's code
  bool over = false;    // nothing more is wanted of it
  bool had_session = false;
  std::deque<Instant> pings;  // sent and not answered

  std::string Name() const { return absl::StrCat(RoleName(role), "/", index); }
};

class Prober : public LiveListener {
 public:
  static constexpr Duration kPause = Seconds(1);  // between two samples of one client

  explicit Prober(const ProbeOptions& options);

  absl::StatusOr<ProbeResult> Run();

  void OnSent(LiveClient& client, Instant at, const Packet& packet) override;
  void OnReceived(LiveClient& client, Instant at, const Packet& packet,
                  const PacketBody& body) override;
  void OnEnd(LiveClient& client, const ConnectionEnd& end) override;

 private:
  Member& Of(const LiveClient& client) { return *members_[client.config().entity - 1]; }
  void AddMember(Role role, uint32_t index);
  std::string TopicOf(const Member& m) const {
    return absl::StrCat("keepsim-probe/", run_id_, "/", RoleName(m.role), "-", m.index);
  }
  void OnConnack(Member& m, Instant at, const Packet& packet);
  void OnWill(const std::string& topic, Instant at);
  void Incident(const Member& m, Instant at, std::string text);

  void Schedule();                // what is due now
  void ScheduleAll(Instant now);  // the first session is there: everybody comes
  void Act(Member& m, Instant now);
  void PlanSample(Member& m, Instant at);
  bool Contact(Instant now);  // false: given up
  Instant NextEvent() const;
  absl::Status Loop();
  void Finish();
  void LeaveOutCutSilences();
  void FindGaps();

  const ProbeOptions& options_;
  const std::string run_id_;
  ClientProfile once_;  // as the profile, but the probe says when to connect again
  MonotonicClock clock_;
  PollLoop loop_;
  ConnectPacer pacer_;
  LiveTrace trace_;
  std::vector<std::unique_ptr<Member>> members_;  // by entity
  ProbeResult result_;
  Instant end_ = kNever;
  Instant silence_from_ = kNever;  // samples of silence begin
  uint64_t samples_begun_ = 0;
  Duration longest_silence_{0};
  Instant answered_ = kStart;  // the last PINGRESP
  // Ends of sessions of pinging clients that these did not decide on.
  std::vector<std::pair<const Member*, Instant>> living_ends_;
  int64_t cut_silences_ = 0;  // left out
  bool hopeless_ = false;     // trying again cannot help
  bool may_publish_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_PROBER_H_
