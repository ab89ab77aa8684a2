// The checkers' halves that follow one client; inside sim/check only. Each is a plain struct that
// is shown the client's records in time order.
#ifndef KEEPSIM_SIM_CHECK_CLIENT_CHECKS_H_
#define KEEPSIM_SIM_CHECK_CLIENT_CHECKS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/time.h"
#include "sim/check/shape.h"
#include "sim/check/violation.h"
#include "sim/trace/record.h"

namespace keepsim {

// What a check may look at, and where it reports.
struct CheckContext {
  const CheckShape& shape;
  const CheckGroup* group;              // null: entity of no group
  const std::vector<TraceRecord>& run;  // the broker's faults so far
  ViolationReport& report;

  void Violated(const char* rule, const char* clause, const TraceRecord& r, std::string text) const;
  // Was the broker stalled or down at some time after `since`, up to `now`?
  bool BrokerStoodStill(Instant since, Instant now) const;
};

// Records come with counters 0, 1, 2, ... and times that never go back, within the run, and none
// after kEnd.
struct OrderCheck {
  void Add(const TraceRecord& r, const CheckContext& context);

 private:
  uint32_t next_counter_[2] = {0, 0};  // outcome, packet level
  Instant last_ = kStart;
  bool ended_ = false;
};

// Connection numbers only grow; an end of a connection opens and closes at most once, declares at
// most once, and closes right after it has declared.
struct ConnectionCheck {
  void Add(const TraceRecord& r, const CheckContext& context);

 private:
  struct Conn {
    uint32_t number = 0;
    bool attempted = false;
    bool opened[2] = {false, false};  // by the broker, by the client (CONNACK)
    bool declared[2] = {false, false};
    bool closed[2] = {false, false};
  };
  Conn& Of(uint32_t number);
  void OnDeclared(const TraceRecord& r, const CheckContext& context);
  void OnClosed(const TraceRecord& r, const CheckContext& context);
  void OnEnd(const TraceRecord& r, const CheckContext& context);

  uint32_t last_attempt_ = 0;
  std::vector<Conn> conns_;  // ascending; those that are over are dropped after a while
};

// The broker declares a client neither before its limit nor later than its check may be.
struct BrokerLimitCheck {
  void Add(const TraceRecord& r, const CheckContext& context);

 private:
  struct Session {
    uint32_t conn;
    Duration limit;
  };
  std::vector<Session> sessions_;  // open at the broker
};

// A client of the specification is never silent for longer than keepAlive.
struct ClientSilenceCheck {
  void Add(const TraceRecord& r, const CheckContext& context);

 private:
  Duration Allowed(const CheckGroup& group) const;

  Duration in_force_max_{0};  // of the sessions so far
  bool any_session_ = false;
  bool off_ = false;  // a session without keepAlive
  // Packet level.
  uint32_t conn_ = 0;           // of the last packet
  Instant last_sent_ = kNever;  // kNever: the present gap is not to be judged
};

// Every MQTT packet sent is delivered, dropped, or on its way when the run ends.
struct ConservationCheck {
  void Add(const TraceRecord& r, const CheckContext& context);

 private:
  uint8_t seen_ = 0;  // directions
};

// When nothing has gone wrong for long enough, whoever wants a connection has one.
struct LivenessCheck {
  void Add(const TraceRecord& r, const CheckContext& context);

 private:
  Instant disturbed_ = kStart;
  uint32_t connected_conn_ = 0;
};

struct ClientChecks {
  OrderCheck order;
  ConnectionCheck connection;
  BrokerLimitCheck broker_limit;
  ClientSilenceCheck client_silence;
  ConservationCheck conservation;
  LivenessCheck liveness;

  void Add(const TraceRecord& r, const CheckContext& context);
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_CHECK_CLIENT_CHECKS_H_
