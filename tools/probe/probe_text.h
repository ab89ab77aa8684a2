// A probe's summary, made for reading.
#ifndef KEEPSIM_TOOLS_PROBE_PROBE_TEXT_H_
#define KEEPSIM_TOOLS_PROBE_PROBE_TEXT_H_

#include <string>
#include <vector>

#include "sim/base/time.h"
#include "tools/probe/probe.pb.h"

namespace keepsim {

// `round_trips` and `silences`: for the small histograms, in any order.
std::string ProbeText(const probe_pb::ProbeSummary& summary, std::vector<Duration> round_trips,
                      std::vector<Duration> silences);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_PROBE_PROBE_TEXT_H_
