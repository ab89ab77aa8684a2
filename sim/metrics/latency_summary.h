// A distribution of times in a summary: quantiles with intervals, and what a page draws.
#ifndef KEEPSIM_SIM_METRICS_LATENCY_SUMMARY_H_
#define KEEPSIM_SIM_METRICS_LATENCY_SUMMARY_H_

#include "sim/base/histogram.h"
#include "sim/metrics/summary.pb.h"

namespace keepsim {

enum class Detail { kNumbers, kPlots };

void FillLatency(const Histogram& h, Detail detail, summary_pb::Latency* out);
// `h` is a part of `all`, and its bins are those of all, so that parts can be stacked.
void FillLatency(const Histogram& h, const Histogram& all, Detail detail, summary_pb::Latency* out);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_LATENCY_SUMMARY_H_
