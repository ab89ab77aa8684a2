// Prints the table of docs/rare-events.md: splitting against closed forms and against plain runs.
//
//   bazel run //tests/run:rare_table -- [FACTOR]
//
// FACTOR: the plain runs have so many times the clients. Default 20, which takes minutes.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "sim/base/stats.h"
#include "sim/metrics/tally.h"
#include "sim/run/rare.h"
#include "sim/run/runner.h"
#include "tests/run/rare_cases.h"
#include "tests/world/scenario_run.h"

namespace keepsim {
namespace {

pb::RareRate RateOf(const Plan& plan, Observer observer) {
  const auto summary = EstimateRare(plan, {});
  if (summary.ok()) {
    for (const pb::RareRate& r : summary->rates()) {
      if (r.observer() == ObserverName(observer)) return r;
    }
  }
  std::fprintf(stderr, "%s\n", summary.status().ToString().c_str());
  std::exit(1);
}

// `error`: standard error of `expected`.
void Line(const std::string& name, const std::string& expected_text, double expected, double error,
          const pb::RareRate& r) {
  const double own = r.false_per_client_day() / std::sqrt(r.effective_count());
  absl::PrintF("| %s | %s | %.3g | %.3g to %.3g | %.1f | %.2g |\n", name, expected_text,
               r.false_per_client_day(), r.ci95_low(), r.ci95_high(),
               (r.false_per_client_day() - expected) / std::hypot(own, error),
               r.plain_events() / static_cast<double>(r.events()));
}

void ClosedForms() {
  for (const double loss : {0.1, 0.03, 0.01, 0.003, 0.001}) {
    const auto plan = PlanOf(EagerScenario(loss));
    const double expected = EagerRate(loss);
    Line(absl::StrFormat("four datagrams in a row, loss %g", loss),
         absl::StrFormat("%.3g, closed form", expected), expected, 0,
         RateOf(*plan, Observer::kBroker));
  }
}

void PlainRuns(uint32_t factor) {
  for (const RareCase& c : RareCases()) {
    const auto plan = PlanOf(c.text);
    for (GroupPlan& g : plan->groups) g.count *= factor;
    const int64_t count =
        ResultOf(*plan).metrics->Total().DeclaredCount(c.observer, Verdict::kFalse);
    const double days = plan->client_count();
    const ConfidenceInterval plain = PoissonRateInterval(count, days);
    const auto rate = RateOf(*plan, c.observer);
    Line(
        c.name,
        absl::StrFormat("%.3g to %.3g, %d in %.0f client-days", plain.low, plain.high, count, days),
        static_cast<double>(count) / days, std::sqrt(rate.false_per_client_day() / days), rate);
  }
}

}  // namespace
}  // namespace keepsim

int main(int argc, char** argv) {
  const int factor = argc > 1 ? std::atoi(argv[1]) : 20;
  std::puts(
      "| scenario | expected per client-day | splitting | 95 % interval | standard errors apart "
      "| plain run's events, times |\n|---|---|---|---|---|---|");
  keepsim::ClosedForms();
  keepsim::PlainRuns(static_cast<uint32_t>(factor > 0 ? factor : 1));
  return 0;
}
