// Records as text: one line each, in aligned columns, with names for numbers. The format is
// stable: golden transcripts are made of it.
//
//   0000060.050000000 fleet/17 #1 declared broker silence 90s lost 2 late_check
#ifndef KEEPSIM_SIM_TRACE_TEXT_H_
#define KEEPSIM_SIM_TRACE_TEXT_H_

#include <string>
#include <vector>

#include "sim/trace/record.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

class RecordText {
 public:
  RecordText(std::vector<TraceGroup> groups, std::vector<std::string> watchers,
             std::vector<std::string> faults);
  explicit RecordText(const TraceHeader& header)
      : RecordText(header.groups, header.watchers, header.faults) {}

  // Without a newline.
  std::string Line(const TraceRecord& record) const;
  // "fleet/17"; "run" for entity 0; "?/9" for an entity of no group.
  std::string Entity(uint32_t entity) const;

 private:
  std::string Fault(int64_t number) const;
  std::string Details(const TraceRecord& record) const;

  std::vector<TraceGroup> groups_;
  std::vector<std::string> watchers_;
  std::vector<std::string> faults_;
  size_t entity_width_ = 3;
};

// Names as in MQTT and sim/mqtt, here because traces are read without the protocol code.
const char* PacketTypeText(int type);     // "PINGREQ"
const char* CloseReasonText(int reason);  // "keep alive timeout"
const char* FateText(int fate);           // "lost_burst"
const char* TcpTimerText(int name);       // "retransmission"

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_TEXT_H_
