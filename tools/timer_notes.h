// The timers of a time line in words: what each is for, the deadline it holds, what moved it.
#ifndef KEEPSIM_TOOLS_TIMER_NOTES_H_
#define KEEPSIM_TOOLS_TIMER_NOTES_H_

#include <cstdint>
#include <map>
#include <string>

#include "sim/metrics/packet_log.h"
#include "sim/trace/record.h"

namespace keepsim {

struct TimerNote {
  bool broker = false;  // whose timer
  // "PINGREQ at 480.200", "TCP probes at 480.424", "no timer", "timer fires".
  std::string what;
  // What moved it, "by PUBLISH QoS 0", how long it waits, "RTO 448 ms", or how often it comes back,
  // "every 1.00 s"; "" if nothing in the log says so.
  std::string why;
  // A kernel's, set and stopped in the usual course of an exchange: none of them fired. Or a look
  // of a broker at all its clients that finds nothing, but for the first.
  bool routine = false;
};

class TimerNotes {
 public:
  explicit TimerNotes(const PacketLog& log);
  // Null if it is no timer's record.
  const TimerNote* Of(const TraceRecord& r) const;

 private:
  class Writer;
  std::map<uint32_t, TimerNote> notes_;  // by the record's counter
};

// What a deadline of kTimerArmed is for: "PINGREQ at", "PINGRESP until".
const char* TimerName(const TraceRecord& armed);
// The same of kTcpTimerArmed: "TCP repeats at", "TCP ACK at".
const char* TcpDeadlineName(const TraceRecord& armed);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_TIMER_NOTES_H_
