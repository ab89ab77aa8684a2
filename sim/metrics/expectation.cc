#include "sim/metrics/expectation.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/metrics/metric_path.h"

namespace keepsim {
namespace {

// Times are whole nanoseconds, written as decimal fractions: what differs by less is the same.
bool Same(double x, double y) {
  return std::abs(x - y) <= std::max(5e-10, 1e-12 * std::max(std::abs(x), std::abs(y)));
}

}  // namespace

summary_pb::ExpectationResult Evaluate(const Expectation& e, const RunSummary& summary) {
  summary_pb::ExpectationResult r;
  r.set_metric(e.metric);
  r.set_group(e.group);
  r.set_why(e.why);
  std::vector<std::string> bounds;
  if (e.at_least) {
    r.set_at_least(*e.at_least);
    bounds.push_back(absl::StrCat("at least ", *e.at_least));
  }
  if (e.at_most) {
    r.set_at_most(*e.at_most);
    bounds.push_back(absl::StrCat("at most ", *e.at_most));
  }
  if (e.equals) {
    r.set_equals(*e.equals);
    bounds.push_back(absl::StrCat("exactly ", *e.equals));
  }
  const std::string name = e.group.empty() ? e.metric : absl::StrCat(e.group, ": ", e.metric);
  const std::string expected = absl::StrJoin(bounds, " and ");
  const absl::StatusOr<double> value = LookupMetric(summary, e.metric, e.group);
  if (!value.ok()) {
    r.set_text(absl::StrCat(name, " ", expected, ": ", value.status().message()));
    return r;
  }
  r.set_value(*value);
  r.set_met((!e.at_least || *value >= *e.at_least || Same(*value, *e.at_least)) &&
            (!e.at_most || *value <= *e.at_most || Same(*value, *e.at_most)) &&
            (!e.equals || Same(*value, *e.equals)));
  r.set_text(absl::StrCat(name, " ", expected, ": is ", *value));
  return r;
}

bool EvaluateAll(const std::vector<Expectation>& expectations, RunSummary* summary) {
  summary->clear_expectations();
  for (const Expectation& e : expectations) *summary->add_expectations() = Evaluate(e, *summary);
  return ExpectationsMet(*summary);
}

bool ExpectationsMet(const RunSummary& summary) {
  return std::all_of(summary.expectations().begin(), summary.expectations().end(),
                     [](const auto& e) { return e.met(); });
}

}  // namespace keepsim
