#include "sim/run/rare_trajectory.h"

#include <algorithm>

namespace keepsim::rare {

Trajectory::Trajectory(const Plan& plan, const std::vector<TraceRecord>& run, uint32_t group,
                       Observer observer)
    : plan_(plan),
      run_(run),
      group_(group),
      observer_(observer),
      cell_(plan),
      sink_([this](const TraceRecord* begin, const TraceRecord* end) {
        for (const TraceRecord* r = begin; r != end; ++r) OnRecord(*r);
      }) {}

void Trajectory::OnRecord(const TraceRecord& r) {
  if (!r.is_outcome()) return;
  if (r.kind == RecordKind::kPathDown || r.kind == RecordKind::kPathUp) cut_ = r.at;
  const Incident* const incident = verdicts_.Add(r, run_, scratch_);
  if (incident == nullptr || incident->observer != observer_) return;
  const bool is_false = incident->verdict == Verdict::kFalse;
  if (Waits() && incident->conn == silence_.conn) {
    over_ = true;
    if (is_false) wait_ = {wait_.crossed, true, incident->cause, kForever};
  } else if (is_false) {
    strays_.push_back({false, true, incident->cause, kForever});
  }
}

// When the wait crosses the level, if that is before `next` happens; else kNever.
Instant Trajectory::CrossesAt(Duration level, Instant next) const {
  if (!Waits() || !Unfounded()) return kNever;
  const Instant at = std::max(cell_.Reaches(observer_, silence_, level), now_);
  return at < next ? at : kNever;
}

void Trajectory::Begin(const Silence& silence, Instant at) {
  silence_ = silence;
  began_ = at;
  over_ = false;
  wait_ = WaitEnd{};
}

// To `next`, where something happens. False: the wait goes on.
bool Trajectory::StepTo(Instant next) {
  if (Waits() && Unfounded()) {
    wait_.longest = std::max(wait_.longest, cell_.Lasted(observer_, silence_, next));
  }
  if (next >= kStart + plan_.horizon) return true;
  cell_.Step();
  now_ = next;
  ++events_;
  const Silence silence = cell_.SilenceOf(observer_);
  if (!silence.Continues(silence_)) return true;
  silence_.unfounded = silence.unfounded;
  return over_;
}

void Trajectory::Live(uint32_t index, Duration level, const Listener& listener) {
  const uint32_t entity = plan_.groups[group_].first_entity + index;
  cell_.Begin({entity, entity}, sink_);
  verdicts_ = ClientVerdicts();
  verdicts_.Reset(entity, group_);
  now_ = kStart;
  cut_ = kLongAgo;
  Begin(Silence{}, kStart);
  const Instant end = kStart + plan_.horizon;
  for (Instant next; now_ < end;) {
    next = cell_.NextAt();
    if (!wait_.crossed) {
      const Instant at = CrossesAt(level, next);
      if (at != kNever) {
        wait_.crossed = true;
        listener.on_crossing(at);
      }
    }
    if (StepTo(next)) {
      if (silence_.conn != 0) listener.on_end(wait_);
      Begin(cell_.SilenceOf(observer_), next);
    }
    for (const WaitEnd& stray : strays_) listener.on_end(stray);
    strays_.clear();
    if (next >= end) return;
  }
}

void Trajectory::Save(Instant at, Entrance* entrance) const {
  cell_.Save(at, &entrance->cell);
  entrance->verdicts = verdicts_;
  entrance->silence = silence_;
  entrance->began = began_;
  entrance->cut = cut_;
}

WaitEnd Trajectory::GoOn(const Entrance& from, uint64_t luck_key, Duration level) {
  cell_.GoOn(from.cell, sink_, luck_key);
  verdicts_ = from.verdicts;
  cut_ = from.cut;
  now_ = from.cell.at;
  Begin(from.silence, from.began);
  for (;;) {
    const Instant next = cell_.NextAt();
    reached_ = CrossesAt(level, next);
    if (reached_ != kNever) {
      wait_.crossed = true;
      break;
    }
    if (StepTo(next)) break;
  }
  strays_.clear();
  return wait_;
}

}  // namespace keepsim::rare
