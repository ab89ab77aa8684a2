#include "sim/check/checker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace keepsim {

void CheckContext::Violated(const char* rule, const char* clause, const TraceRecord& r,
                            std::string text) const {
  report.Add({rule, clause, r.entity, r.at, std::move(text)});
}

bool CheckContext::BrokerStoodStill(Instant since, Instant now) const {
  bool still = false;
  for (const TraceRecord& r : run) {
    if (r.at > now) break;
    const bool stops = r.kind == RecordKind::kBrokerStalled || r.kind == RecordKind::kBrokerDown;
    const bool goes_on = r.kind == RecordKind::kBrokerResumed || r.kind == RecordKind::kBrokerUp;
    if (goes_on && r.at > since) return true;
    if (stops) still = true;
    if (goes_on) still = false;
  }
  return still;
}

void ClientChecks::Add(const TraceRecord& r, const CheckContext& context) {
  order.Add(r, context);
  connection.Add(r, context);
  broker_limit.Add(r, context);
  client_silence.Add(r, context);
  conservation.Add(r, context);
  liveness.Add(r, context);
}

CheckerSet::CheckerSet(const CheckShape* shape) : shape_(shape), run_(shape->run_records) {}

void CheckerSet::Add(const TraceRecord& r) {
  if (r.entity == 0) {
    if (shape_->run_records.empty()) run_.push_back(r);
    return;
  }
  ClientChecks& checks = clients_.Of(r.entity, [](ClientChecks& c) { c = ClientChecks(); });
  const auto after = std::partition_point(
      shape_->groups.begin(), shape_->groups.end(),
      [&r](const CheckGroup& g) { return g.first_entity + g.count <= r.entity; });
  const bool found = after != shape_->groups.end() && r.entity >= after->first_entity;
  checks.Add(r, {*shape_, found ? &*after : nullptr, run_, report_});
  if (r.kind == RecordKind::kDeclared) ++declarations_;
  if (r.kind == RecordKind::kEnd) clients_.Release(r.entity);
}

void CheckerSet::Finish(int64_t judged) {
  std::vector<uint32_t> unended = clients_.Entities();
  unended.insert(unended.end(), unended_.begin(), unended_.end());
  const Instant end = kStart + shape_->horizon;
  for (const uint32_t entity : unended) {
    report_.Add({"order", "", entity, end, "the client's records have no end"});
  }
  if (judged >= 0 && judged != declarations_) {
    report_.Add({"one_verdict", "", 0, end,
                 absl::StrCat(declarations_, " declarations and ", judged, " verdicts")});
  }
}

void CheckerSet::Merge(const CheckerSet& other) {
  report_.Merge(other.report_);
  declarations_ += other.declarations_;
  for (const uint32_t entity : other.clients_.Entities()) unended_.push_back(entity);
  unended_.insert(unended_.end(), other.unended_.begin(), other.unended_.end());
}

}  // namespace keepsim
