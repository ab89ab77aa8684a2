// Stories told to an accumulator.
#ifndef KEEPSIM_TESTS_METRICS_FOLLOW_H_
#define KEEPSIM_TESTS_METRICS_FOLLOW_H_

#include <memory>
#include <vector>

#include "sim/metrics/accumulator.h"
#include "tests/trace/stories.h"

namespace keepsim {

// One day, a group "fleet" of ten clients and "pumps" of five, one watcher.
inline RunShape DayOfFifteen() {
  RunShape shape;
  shape.groups = {{"fleet", 1, 10}, {"pumps", 11, 5}};
  shape.horizon = Seconds(86400);
  shape.watchers = {"dashboard"};
  return shape;
}

struct Followed {
  RunShape shape;
  std::unique_ptr<Accumulator> metrics;
  std::vector<Incident> incidents;
  Tally total;
};

inline std::unique_ptr<Followed> Follow(const Story& story, RunShape shape = DayOfFifteen()) {
  auto f = std::make_unique<Followed>();
  f->shape = std::move(shape);
  f->metrics = std::make_unique<Accumulator>(&f->shape);
  f->metrics->OnIncident([p = f.get()](const Incident& i) { p->incidents.push_back(i); });
  for (const TraceRecord& r : story.Canonical()) f->metrics->Add(r);
  f->metrics->Finish();
  f->total = f->metrics->Total();
  return f;
}

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_METRICS_FOLLOW_H_
