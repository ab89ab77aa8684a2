#include "sim/run/verdict.h"

#include <algorithm>

namespace keepsim {
namespace {

pb::PointDifference::Verdict VerdictOf(const VerdictQuestion& q) {
  const bool up = q.found.b > q.found.a;
  if (q.better == pb::ReportedMetric::NEITHER) {
    return up ? pb::PointDifference::HIGHER : pb::PointDifference::LOWER;
  }
  return up == (q.better == pb::ReportedMetric::HIGHER) ? pb::PointDifference::BETTER
                                                        : pb::PointDifference::WORSE;
}

}  // namespace

void FillDifference(const PairedDifference& found, const char* method, pb::PointDifference* out) {
  out->set_a(found.a);
  out->set_b(found.b);
  out->set_difference(found.b - found.a);
  out->set_method(method);
  if (found.interval) {
    out->set_low(found.interval->low);
    out->set_high(found.interval->high);
  }
  if (found.p_value) out->set_p_value(*found.p_value);
}

void Judge(const std::vector<VerdictQuestion>& questions, pb::PointComparison* comparison) {
  std::vector<double> p_values;
  for (const VerdictQuestion& q : questions) {
    if (q.found.p_value) p_values.push_back(*q.found.p_value);
  }
  comparison->set_questions(static_cast<uint32_t>(p_values.size()));
  const std::vector<double> adjusted = HolmAdjusted(p_values);
  const auto open =
      std::count_if(adjusted.begin(), adjusted.end(), [](double p) { return p > kVerdictAlpha; });
  size_t next = 0;
  for (const VerdictQuestion& q : questions) {
    if (!q.found.p_value) continue;
    const double p = adjusted[next++];
    q.out->set_adjusted_p_value(p);
    if (q.found.equal) {
      q.out->set_verdict(pb::PointDifference::EQUAL);
    } else if (p <= kVerdictAlpha) {
      q.out->set_verdict(VerdictOf(q));
    } else {
      q.out->set_verdict(pb::PointDifference::NO_DIFFERENCE_SHOWN);
      // What Holm asks of the next of those that are open.
      const auto more = q.more(kVerdictAlpha / static_cast<double>(open));
      if (more) q.out->set_more_replications(*more);
    }
  }
}

}  // namespace keepsim
