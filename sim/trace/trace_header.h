// What a trace says about itself: before its records, and after them.
#ifndef KEEPSIM_SIM_TRACE_TRACE_HEADER_H_
#define KEEPSIM_SIM_TRACE_TRACE_HEADER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/digest.h"
#include "sim/base/time.h"
#include "sim/trace/engine_version.h"

namespace keepsim {

// The clients of one group: entities first_entity to first_entity + count - 1.
struct TraceGroup {
  std::string name;
  uint32_t first_entity = 1;
  uint32_t count = 0;
  friend bool operator==(const TraceGroup&, const TraceGroup&) = default;
};

struct TraceHeader {
  std::string engine_version = kEngineVersion;
  std::string scenario;  // opaque: the effective scenario, after overrides
  std::string scenario_name;
  std::string scenario_digest;
  uint64_t seed = 0;
  std::vector<std::string> overrides;
  std::string build_commit;
  std::string tie_order;        // "canonical"; "live": recorded, not simulated
  std::string packet_selector;  // "": no packet-level records
  Duration horizon{0};
  std::vector<TraceGroup> groups;     // ascending first_entity
  std::vector<std::string> watchers;  // names, by number
  std::vector<std::string> faults;    // names of the scheduled faults, by number
  friend bool operator==(const TraceHeader&, const TraceHeader&) = default;
};

struct TraceFooter {
  Digest digest;
  std::string summary_json;      // opaque
  uint64_t outcome_records = 0;  // counted by the writer
  uint64_t packet_records = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_TRACE_HEADER_H_
