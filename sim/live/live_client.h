// A client session of sim/mqtt on a real socket, with or without TLS. The session says what is to
// be done; this carries it out, keeps the times, and tells a listener.
#ifndef KEEPSIM_SIM_LIVE_LIVE_CLIENT_H_
#define KEEPSIM_SIM_LIVE_LIVE_CLIENT_H_

#include <poll.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sim/base/random.h"
#include "sim/base/time.h"
#include "sim/live/clock.h"
#include "sim/live/live_trace.h"
#include "sim/live/poll_loop.h"
#include "sim/live/socket.h"
#include "sim/live/tls.h"
#include "sim/mqtt/client_session.h"
#include "sim/mqtt/codec.h"

namespace keepsim {

// Spreads the connections of many clients over time.
class ConnectPacer {
 public:
  explicit ConnectPacer(Duration gap) : gap_(gap) {}
  // The first free instant at or after `at`, which is then taken.
  Instant Take(Instant at) {
    const Instant slot = std::max(at, next_);
    next_ = slot + gap_;
    return slot;
  }

 private:
  const Duration gap_;
  Instant next_ = kStart;
};

struct LiveClientConfig {
  uint32_t entity = 1;  // in records
  ClientParams params;  // profile: outlives the client
  ConnectOptions connect;
  std::string subscribe_filter;  // needs params.subscribe_size
  std::string publish_topic;
  std::vector<Address> addresses;         // tried in turn, one per attempt; at least one
  std::shared_ptr<const TlsContext> tls;  // null: none
  // A connection is never opened sooner than this after the one before.
  Duration reopen_after = Seconds(1);
  ConnectPacer* pacer = nullptr;  // shared by many; null: none
  RandomSource luck;              // for the back-off's jitter
};

// How far a connection has come. An instant that has not come is kNever.
struct ConnectionTimes {
  uint32_t number = 0;  // from 1
  Instant opened = kNever;
  Instant tcp = kNever;
  Instant tls = kNever;
  Instant connect_sent = kNever;
  Instant connack = kNever;  // of a session that was accepted
};

// How a connection ended.
struct ConnectionEnd {
  Instant at;
  CloseReason reason = CloseReason::kNone;
  std::string text;  // "the broker closed the connection", with what is known beyond the reason
};

class LiveClient;

class LiveListener {
 public:
  virtual ~LiveListener() = default;
  virtual void OnSent(LiveClient& client, Instant at, const Packet& packet) = 0;
  virtual void OnReceived(LiveClient& client, Instant at, const Packet& packet,
                          const PacketBody& body) = 0;
  virtual void OnEnd(LiveClient& client, const ConnectionEnd& end) = 0;
};

class LiveClient : public PollMember {
 public:
  // All but `config` outlive the client. `trace` may be null.
  LiveClient(LiveClientConfig config, const MonotonicClock& clock, LiveListener& listener,
             LiveTrace* trace);
  LiveClient(const LiveClient&) = delete;
  LiveClient& operator=(const LiveClient&) = delete;

  // ---- what is wanted
  void Start();  // REQUIRES: stopped
  // `size`: payload bytes, all zero.
  void Publish(uint8_t qos, size_t size);
  // A PINGREQ that the session's rule does not ask for; every client may ("at any time", 3.1.1 and
  // 5.0 section 3.1.2.10). REQUIRES: connected.
  void PingNow();
  // From now on sends nothing at all, as a process that stands still, and waits for the broker to
  // close. TCP goes on acknowledging. Then it is stopped.
  void FallSilent();
  // The process ends: TCP closes (or resets) without DISCONNECT.
  void Drop(bool reset);
  void Leave();  // DISCONNECT, if connected, and stopped

  // ---- what is so
  bool connected() const { return session_.state == ClientState::kConnected; }
  bool stopped() const { return session_.state == ClientState::kStopped; }
  bool silent() const { return silent_; }
  const ConnectionTimes& times() const { return times_; }
  const LiveClientConfig& config() const { return config_; }
  Duration keep_alive() const { return session_.keep_alive; }  // in force
  // "TLSv1.3, TLS_AES_256_GCM_SHA384"; "" without.
  const std::string& tls_text() const { return tls_text_; }
  // The address of the latest attempt.
  const Address& address() const { return config_.addresses[address_]; }

  // ---- PollMember
  pollfd Interest() const override;
  void OnReady(short events) override;
  Instant NextWake() const override;
  void OnWake() override;

 private:
  void Apply(const Effects& effects);
  void OpenNow();
  void Opened();
  void TransportReady();
  void ReadAll();
  // Bytes of MQTT. False once the connection has ended.
  bool TakeBytes(absl::string_view bytes);
  bool TakePackets();
  void Send(const Packet& packet);
  void Flush();
  // The session did not ask for the end, and learns of it here.
  void Lost(CloseReason reason, std::string text);
  void LostBy(int error, absl::string_view doing);
  // Closes the socket, records, tells.
  void End(CloseReason reason, std::string text, bool reset);
  uint64_t Draw() { return config_.luck.Draw64(Purpose::kBackoff, draws_++); }
  void GoDown(FailureKind by);
  void Record(RecordKind kind, uint16_t code, int64_t a, int64_t b = 0);

  const LiveClientConfig config_;
  const MonotonicClock& clock_;
  LiveListener& listener_;
  LiveTrace* const trace_;

  ClientSession session_;
  Socket socket_;
  std::unique_ptr<TlsSession> tls_;
  bool connecting_ = false;  // the socket is
  bool silent_ = false;
  std::string in_;   // MQTT bytes that are no whole packet yet
  std::string out_;  // bytes that the kernel has not taken yet
  std::string tls_text_;
  size_t address_ = 0;
  bool address_good_ = false;  // a session was accepted there: stay
  Instant open_at_ = kNever;   // a connection that has to wait for reopen_after
  Instant last_opened_ = kLongAgo;
  Instant last_heard_ = kLongAgo;
  ConnectionTimes times_;
  uint64_t draws_ = 0;
  FailureKind down_by_ = FailureKind::kNone;  // why it does not run
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_LIVE_CLIENT_H_
