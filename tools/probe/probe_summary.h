// The result of a probe as the message that is printed and written, and what follows from it.
#ifndef KEEPSIM_TOOLS_PROBE_PROBE_SUMMARY_H_
#define KEEPSIM_TOOLS_PROBE_PROBE_SUMMARY_H_

#include <string>
#include <vector>

#include "sim/live/broker_fit.h"
#include "sim/live/probe.h"
#include "tools/probe/probe.pb.h"

namespace keepsim {

using probe_pb::ProbeSummary;

// REQUIRES: ascending.
probe_pb::Times TimesOf(const std::vector<Duration>& sorted);

// The broker profiles held against the silences of a result.
BrokerFits FitOf(const ProbeOptions& options, const ProbeResult& result);

// `broker`: as given on the command line.
ProbeSummary SummaryOf(const ProbeOptions& options, const ProbeResult& result,
                       const BrokerFits& fits, const std::string& broker);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_PROBE_PROBE_SUMMARY_H_
