#include "sim/world/workload.h"

namespace keepsim {
namespace {

Duration Gap(const Workload& w, const RandomSource& luck, Purpose purpose, WorkloadState& s) {
  return w.gap.Sample(luck.Draw64(purpose, s.index++));
}

}  // namespace

void FirstMessage(const Workload& w, const RandomSource& luck, Purpose purpose, Instant now,
                  WorkloadState& s) {
  switch (w.kind) {
    case Workload::Kind::kPeriodic:
      s.next = now + (w.phased ? UniformUpTo(w.period - Nanoseconds(1), luck.Draw64(purpose, 0))
                               : w.period);
      break;
    case Workload::Kind::kPoisson:
      s.next = now + Gap(w, luck, purpose, s);
      break;
    case Workload::Kind::kBursts:
      s.next = now + Gap(w, luck, purpose, s);
      s.burst_left = w.burst_size - 1;
      break;
    case Workload::Kind::kTimes:
      // Times before the start are past and skipped.
      while (s.index < w.times.size() && kStart + w.times[s.index] < now) ++s.index;
      NextMessage(w, luck, purpose, s);
      break;
  }
}

void NextMessage(const Workload& w, const RandomSource& luck, Purpose purpose, WorkloadState& s) {
  s.last = s.next;
  switch (w.kind) {
    case Workload::Kind::kPeriodic:
      s.next += w.period;
      break;
    case Workload::Kind::kPoisson:
      s.next += Gap(w, luck, purpose, s);
      break;
    case Workload::Kind::kBursts:
      if (s.burst_left > 0) {
        --s.burst_left;
        s.next += w.burst_spacing;
      } else {
        s.next += Gap(w, luck, purpose, s);
        s.burst_left = w.burst_size - 1;
      }
      break;
    case Workload::Kind::kTimes:
      s.next = s.index < w.times.size() ? kStart + w.times[s.index++] : kNever;
      break;
  }
}

}  // namespace keepsim
