#include "sim/metrics/accumulator.h"

#include <algorithm>

#include "sim/base/check.h"

namespace keepsim {
namespace {

// The total order of badness.
bool Worse(const Incident& x, const Incident& y) {
  if (x.verdict != y.verdict) return x.verdict > y.verdict;
  if (x.latency != y.latency) return x.latency > y.latency;
  if (x.silence != y.silence) return x.silence > y.silence;
  if (x.declared != y.declared) return x.declared < y.declared;
  if (x.entity != y.entity) return x.entity < y.entity;
  return x.counter < y.counter;
}

bool IsBrokerFault(RecordKind kind) {
  return kind == RecordKind::kBrokerDown || kind == RecordKind::kBrokerUp ||
         kind == RecordKind::kBrokerStalled || kind == RecordKind::kBrokerResumed;
}

}  // namespace

Accumulator::Accumulator(const RunShape* shape)
    : shape_(shape), bin_width_(BinWidth(shape->horizon)), groups_(shape->groups.size() + 1) {
  bins_.resize(static_cast<size_t>(
      shape->horizon.ns == 0 ? 1 : (shape->horizon.ns - 1) / bin_width_.ns + 1));
  for (const TraceRecord& r : shape->run_records) {
    if (IsBrokerFault(r.kind)) run_.push_back(r);
  }
  for (Tally& t : groups_) {
    t.wills_delivered.resize(shape->watchers.size());
    t.detection_by_watcher.resize(shape->watchers.size());
  }
}

void Accumulator::AddRunRecord(const TraceRecord& r) {
  if (shape_->run_records.empty() && IsBrokerFault(r.kind)) run_.push_back(r);
}

uint32_t Accumulator::GroupOf(uint32_t entity) const {
  const auto after = std::partition_point(
      shape_->groups.begin(), shape_->groups.end(),
      [entity](const GroupShape& g) { return g.first_entity + g.count <= entity; });
  return static_cast<uint32_t>(after - shape_->groups.begin());
}

ClientFollower::Output Accumulator::OutputFor(uint32_t group) {
  return {&groups_[group], &bins_, bin_width_, &found_};
}

void Accumulator::AddTo(ClientFollower& follower, const TraceRecord& r) {
  ClientFollower::Output out = OutputFor(follower.group());
  follower.Add(r, run_, out);
  if (!found_.empty()) TakeIncidents();
  if (r.kind == RecordKind::kEnd) followers_.Release(follower.entity());
}

void Accumulator::TakeIncidents() {
  for (Incident& incident : found_) {
    incident.number = ++incident_count_;
    if (on_incident_) on_incident_(incident);
    KeepWorst(incident);
    AddKey({incident.declared.ns, incident.entity, incident.counter});
  }
  found_.clear();
}

void Accumulator::KeepWorst(const Incident& incident) {
  if (worst_.size() == kWorst) {
    if (!Worse(incident, worst_.front())) return;
    std::pop_heap(worst_.begin(), worst_.end(), Worse);
    worst_.pop_back();
  }
  worst_.push_back(incident);
  std::push_heap(worst_.begin(), worst_.end(), Worse);
}

void Accumulator::AddKey(const Key& key) {
  if (!numbered_) return;
  keys_.push_back(key);
  if (keys_.size() <= kMaxNumbered) return;
  numbered_ = false;
  keys_ = {};
}

void Accumulator::Finish() {
  for (const uint32_t entity : followers_.Entities()) {
    ClientFollower& follower = FollowerOf(entity);
    ClientFollower::Output out = OutputFor(follower.group());
    ++out.tally->clients;
    follower.End(kStart + shape_->horizon, out);
    followers_.Release(follower.entity());
  }
}

void Accumulator::Merge(const Accumulator& other) {
  SIM_CHECK(followers_.empty() && other.followers_.empty());
  SIM_CHECK(groups_.size() == other.groups_.size() && bins_.size() == other.bins_.size());
  for (size_t g = 0; g < groups_.size(); ++g) groups_[g].Merge(other.groups_[g]);
  for (size_t b = 0; b < bins_.size(); ++b) bins_[b].Merge(other.bins_[b]);
  incident_count_ += other.incident_count_;
  for (const Incident& incident : other.worst_) KeepWorst(incident);
  numbered_ = numbered_ && other.numbered_;
  if (!numbered_) keys_ = {};
  for (const Key& key : other.keys_) AddKey(key);
}

Tally Accumulator::Total() const {
  Tally total;
  for (const Tally& t : groups_) total.Merge(t);
  return total;
}

std::vector<Incident> Accumulator::WorstIncidents() const {
  std::vector<Incident> worst = worst_;
  std::sort(worst.begin(), worst.end(), Worse);
  std::vector<Key> keys = keys_;
  std::sort(keys.begin(), keys.end());
  for (Incident& incident : worst) {
    const Key key = {incident.declared.ns, incident.entity, incident.counter};
    incident.number = 0;
    if (!numbered_) continue;
    incident.number = std::lower_bound(keys.begin(), keys.end(), key) - keys.begin() + 1;
  }
  return worst;
}

}  // namespace keepsim
