// A stretch of a client's life for reading: client left, broker right, the wire between.
#ifndef KEEPSIM_TOOLS_TIME_LINE_H_
#define KEEPSIM_TOOLS_TIME_LINE_H_

#include <memory>
#include <optional>
#include <string>

#include "sim/metrics/incident.h"
#include "sim/metrics/packet_log.h"
#include "sim/run/stretch.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

// `incident` is explained where it is declared; others in the stretch are only named.
std::string TimeLine(const Stretch& stretch, const TraceHeader& header,
                     const std::optional<Incident>& incident);

// The same event by event. What they are made of must outlive them.
class TimeLineRows {
 public:
  // `routine`: as well the timers that TimerNotes calls so.
  TimeLineRows(const PacketLog& log, const TraceHeader& header,
               const std::optional<Incident>& incident, bool routine);
  ~TimeLineRows();
  TimeLineRows(const TimeLineRows&) = delete;
  TimeLineRows& operator=(const TimeLineRows&) = delete;

  // The rows of the log's next entry in order, each with a newline; "" where there is nothing to
  // tell.
  std::string Of(const LogEntry& entry);

 private:
  class Painter;
  std::unique_ptr<Painter> painter_;
};
// What stands above the rows.
std::string TimeLineHead();

// ---- words that explanations share

std::string PacketName(const PacketFields& fields);  // "PUBLISH QoS 1"
// "S", "SA": "SYN", "SYN-ACK"; of a segment without data.
std::string SegmentName(const SegmentFields& segment);
// "PINGREQ again", "PUBLISH QoS 1 +2 FIN".
std::string TransmissionName(const PacketLog& log, const Transmission& t);
// Why a transmission was lost: "bad spell", "path cut".
const char* LossName(int fate);
// "incident 3: the broker declared fleet/17 dead: false, cause packets_lost"
std::string IncidentLine(const Incident& incident, const TraceHeader& header);
// "48.1 ms", "12.3 s": four digits that count.
std::string ShortDuration(Duration d);
// "1234.567891 s", to the microsecond.
std::string At(Instant t);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_TIME_LINE_H_
