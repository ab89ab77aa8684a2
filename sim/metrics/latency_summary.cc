#include "sim/metrics/latency_summary.h"

#include <algorithm>
#include <vector>

#include "sim/base/stats.h"

namespace keepsim {
namespace {

constexpr int kPlotBins = 20;

// The bins span the values of `all`, so that histograms of its parts can be stacked. A cell's
// values count as spread evenly over it: where a bin is narrower than a cell, it would have none
// otherwise.
void FillBins(const Histogram& h, const Histogram& all, summary_pb::Latency* out) {
  const Duration span = all.max() - all.min();
  const int n = span.ns > 0 ? kPlotBins : 1;
  const auto edge = [&](int i) {
    return all.min() + Duration{static_cast<int64_t>(static_cast<__int128>(span.ns) * i / n)};
  };
  for (int i = 0; i < n; ++i) {
    summary_pb::HistogramBin* bin = out->add_bins();
    bin->set_low_s(ToSeconds(edge(i)));
    bin->set_high_s(ToSeconds(edge(i + 1)));
  }
  int first = 0;
  for (const Histogram::Cell& cell : h.NonEmptyCells()) {
    const Duration low = std::max(cell.low, h.min());
    const Duration high = std::min(cell.high, h.max());
    while (first + 1 < n && edge(first + 1) <= low) ++first;
    int64_t placed = 0;
    for (int i = first; placed < cell.count; ++i) {
      int64_t up_to = cell.count;  // of its values, those below the bin's end
      if (i + 1 < n && edge(i + 1) < high) {
        up_to = static_cast<int64_t>(static_cast<__int128>(cell.count) * (edge(i + 1) - low).ns /
                                     (high - low).ns);
      }
      out->mutable_bins(i)->set_count(out->bins(i).count() + up_to - placed);
      placed = up_to;
    }
  }
}

void FillCdf(const Histogram& h, summary_pb::Latency* out) {
  std::vector<int64_t> per_million = {0, 100, 1000, 5000};
  for (int64_t percent = 1; percent < 100; ++percent) per_million.push_back(percent * 10000);
  for (const int64_t p : {995000, 999000, 999900, 1000000}) per_million.push_back(p);
  for (const int64_t p : per_million) {
    summary_pb::CdfPoint* point = out->add_cdf();
    point->set_share(static_cast<double>(p) / 1e6);
    point->set_value_s(ToSeconds(h.Quantile(p)));
  }
}

using SetNumber = void (summary_pb::Latency::*)(double);

void FillInterval(const Histogram& h, double p, SetNumber low, SetNumber high,
                  summary_pb::Latency* out) {
  const RankInterval ranks = QuantileRanks(h.count(), p);
  if (ranks.low >= 1) (out->*low)(ToSeconds(h.AtRank(ranks.low)));
  if (ranks.high <= h.count()) (out->*high)(ToSeconds(h.AtRank(ranks.high)));
}

}  // namespace

void FillLatency(const Histogram& h, const Histogram& all, Detail detail,
                 summary_pb::Latency* out) {
  out->set_count(h.count());
  if (h.count() == 0) return;
  out->set_min_s(ToSeconds(h.min()));
  out->set_p50_s(ToSeconds(h.Quantile(500000)));
  out->set_p90_s(ToSeconds(h.Quantile(900000)));
  out->set_p99_s(ToSeconds(h.Quantile(990000)));
  out->set_max_s(ToSeconds(h.max()));
  out->set_mean_s(ToSeconds(h.mean()));
  using Latency = summary_pb::Latency;
  FillInterval(h, 0.5, &Latency::set_p50_low_s, &Latency::set_p50_high_s, out);
  FillInterval(h, 0.9, &Latency::set_p90_low_s, &Latency::set_p90_high_s, out);
  FillInterval(h, 0.99, &Latency::set_p99_low_s, &Latency::set_p99_high_s, out);
  if (detail != Detail::kPlots) return;
  FillBins(h, all, out);
  FillCdf(h, out);
}

void FillLatency(const Histogram& h, Detail detail, summary_pb::Latency* out) {
  FillLatency(h, h, detail, out);
}

}  // namespace keepsim
