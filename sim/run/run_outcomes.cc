#include "sim/run/run_outcomes.h"

#include <algorithm>

#include "sim/base/status_macros.h"
#include "sim/metrics/client_follower.h"
#include "sim/metrics/tally.h"
#include "sim/trace/per_entity.h"

namespace keepsim {
namespace {

constexpr double kNsPerDay = 86400e9;

bool IsBrokerFault(RecordKind kind) {
  return kind == RecordKind::kBrokerDown || kind == RecordKind::kBrokerUp ||
         kind == RecordKind::kBrokerStalled || kind == RecordKind::kBrokerResumed;
}

class OutcomeReader {
 public:
  explicit OutcomeReader(const TraceHeader& header) : header_(header), bins_(1) {
    out_.days = static_cast<double>(header.horizon.ns) / kNsPerDay;
    for (const TraceGroup& g : header.groups) {
      out_.groups.push_back({g.name, std::vector<ClientOutcome>(g.count)});
    }
    tally_.wills_delivered.resize(header.watchers.size());
    tally_.detection_by_watcher.resize(header.watchers.size());
  }

  void Add(const TraceRecord& r) {
    if (!r.is_outcome()) return;
    if (r.entity == 0) {
      if (IsBrokerFault(r.kind)) run_.push_back(r);
      return;
    }
    ClientOutcome* const client = ClientOf(r.entity);
    if (client == nullptr) return;
    ClientFollower& follower =
        followers_.Of(r.entity, [&](ClientFollower& f) { f.Reset(r.entity, 0); });
    // One bin for the whole run: its shares of time are not asked for.
    ClientFollower::Output output{&tally_, &bins_, header_.horizon + Duration{1}, &incidents_};
    follower.Add(r, run_, output);
    for (const Incident& i : incidents_) {
      ++client->declarations[static_cast<int>(i.observer) - 1][static_cast<int>(i.verdict)];
    }
    incidents_.clear();
    TakeDetections(client);
    AddCost(r, client);
    if (r.kind == RecordKind::kEnd) followers_.Release(r.entity);
  }

  RunOutcomes Finish() {
    for (GroupOutcome& g : out_.groups) {
      for (ClientOutcome& c : g.clients) {
        for (auto& latencies : c.latencies_s) std::sort(latencies.begin(), latencies.end());
      }
    }
    return std::move(out_);
  }

 private:
  ClientOutcome* ClientOf(uint32_t entity) {
    for (size_t g = 0; g < header_.groups.size(); ++g) {
      const TraceGroup& group = header_.groups[g];
      if (entity >= group.first_entity && entity - group.first_entity < group.count) {
        return &out_.groups[g].clients[entity - group.first_entity];
      }
    }
    return nullptr;
  }

  // What the last record has added to the tally, which is of no one client.
  void TakeDetections(ClientOutcome* client) {
    for (int observer = 0; observer < ClientOutcome::kObservers; ++observer) {
      for (Histogram& h : tally_.detection[observer]) {
        if (h.count() == 0) continue;
        // One record detects a failure once, or twice at the same time.
        const Duration ends[] = {h.min(), h.max()};
        for (int64_t i = 0; i < h.count(); ++i) {
          client->latencies_s[observer].push_back(ToSeconds(ends[i == 0 ? 0 : 1]));
        }
        h = Histogram();
      }
    }
  }

  static void AddCost(const TraceRecord& r, ClientOutcome* client) {
    if (r.kind == RecordKind::kCost) client->packets += r.a;
    if (r.kind == RecordKind::kTransportCost) client->wire_bytes += r.b;
    if (r.kind == RecordKind::kRadio) client->radio_wakeups += r.a;
  }

  const TraceHeader& header_;
  RunOutcomes out_;
  std::vector<TraceRecord> run_;
  PerEntity<ClientFollower> followers_;
  Tally tally_;
  std::vector<TimeBin> bins_;
  std::vector<Incident> incidents_;
};

}  // namespace

absl::StatusOr<RunOutcomes> ReadOutcomes(TraceReader& trace) {
  KEEPSIM_RETURN_IF_ERROR(trace.Seek(kStart));
  OutcomeReader reader(trace.header());
  TraceRecord r;
  while (true) {
    KEEPSIM_ASSIGN_OR_RETURN(const bool more, trace.Next(&r));
    if (!more) return reader.Finish();
    reader.Add(r);
  }
}

}  // namespace keepsim
