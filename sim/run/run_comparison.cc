#include "sim/run/run_comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/metrics/incident.h"
#include "sim/run/bootstrap.h"
#include "sim/run/paired_difference.h"
#include "sim/run/verdict.h"
#include "sim/trace/record.h"

namespace keepsim {
namespace {

using ClientPair = std::pair<const ClientOutcome*, const ClientOutcome*>;

std::vector<ClientPair> PairsOf(const RunOutcomes& a, const RunOutcomes& b,
                                absl::string_view group) {
  std::vector<ClientPair> pairs;
  for (const GroupOutcome& x : a.groups) {
    if (!group.empty() && x.name != group) continue;
    for (const GroupOutcome& y : b.groups) {
      if (y.name != x.name) continue;
      for (size_t i = 0; i < std::min(x.clients.size(), y.clients.size()); ++i) {
        pairs.emplace_back(&x.clients[i], &y.clients[i]);
      }
    }
  }
  return pairs;
}

class ClientComparer {
 public:
  ClientComparer(std::vector<ClientPair> pairs, double days)
      : pairs_(std::move(pairs)), days_(days) {}

  pb::PointComparison Compare(absl::string_view group) {
    pb::ComparedPair* pair = out_.add_pairs();
    pair->set_a("A");
    pair->set_b("B");
    pair->set_clients(static_cast<uint32_t>(pairs_.size()));
    pair_ = pair;
    group_ = std::string(group);
    for (const Observer o : {Observer::kBroker, Observer::kClient, Observer::kWatcher}) {
      AskLatencies(o);
    }
    for (const Observer o : {Observer::kBroker, Observer::kClient}) {
      for (const Verdict v : {Verdict::kTransient, Verdict::kFalse}) AskRate(o, v);
    }
    AskCost("packets", &ClientOutcome::packets);
    AskCost("wire_bytes", &ClientOutcome::wire_bytes);
    AskCost("radio_wakeups", &ClientOutcome::radio_wakeups);
    Judge(questions_, &out_);
    return out_;
  }

 private:
  // A metric of all clients, less of which is better.
  VerdictQuestion& Ask(const std::string& metric, const PairedDifference& found,
                       const char* method) {
    pb::PointDifference* d = pair_->add_differences();
    d->set_metric(metric);
    d->set_group(group_);
    FillDifference(found, method, d);
    VerdictQuestion q;
    q.out = d;
    q.found = found;
    questions_.push_back(std::move(q));
    return questions_.back();
  }

  // So many more clients, as runs of this size.
  std::optional<uint64_t> AsRuns(const std::optional<uint64_t>& clients) const {
    if (!clients) return std::nullopt;
    return (*clients + pairs_.size() - 1) / pairs_.size();
  }

  void AskLatencies(Observer observer) {
    const int o = static_cast<int>(observer) - 1;
    std::vector<ClientValues> values;
    for (const auto& [a, b] : pairs_) values.push_back({&a->latencies_s[o], &b->latencies_s[o]});
    const std::pair<const char*, double> statistics[] = {
        {"mean_s", kMeanShare}, {"p50_s", 0.5}, {"p90_s", 0.9}, {"p99_s", 0.99}};
    std::vector<double> shares;
    for (const auto& [name, share] : statistics) shares.push_back(share);
    const auto found = BootstrapDifferences(values, shares);
    for (size_t i = 0; i < shares.size(); ++i) {
      if (!found[i]) continue;
      PairedDifference d{found[i]->a, found[i]->b, found[i]->interval, found[i]->p_value};
      d.equal =
          found[i]->interval && std::all_of(values.begin(), values.end(),
                                            [](const ClientValues& v) { return *v.a == *v.b; });
      const double times = found[i]->deviation / std::fabs(found[i]->b - found[i]->a);
      Ask(absl::StrCat("detection.", ObserverName(observer), ".", statistics[i].first), d,
          "bootstrap")
          .more = [times](double level) -> std::optional<uint64_t> {
        const double z = NormalQuantile(1 - level / 2) + NormalQuantile(kShownPower);
        const double runs = std::ceil(z * z * times * times);
        if (!(runs > 0 && runs <= 1e6)) return std::nullopt;
        return std::max<uint64_t>(1, static_cast<uint64_t>(runs) - 1);
      };
    }
  }

  void AskRate(Observer observer, Verdict verdict) {
    std::vector<CountPair> counts;
    for (const auto& [a, b] : pairs_) {
      const auto of = [&](const ClientOutcome* c) {
        return c->declarations[static_cast<int>(observer) - 1][static_cast<int>(verdict)];
      };
      counts.push_back({of(a), days_, of(b), days_});
    }
    const PairedDifference d = DifferenceOfRates(counts);
    Ask(absl::StrCat("declarations.", ObserverName(observer), ".", VerdictName(verdict),
                     "_per_client_day"),
        d, d.exact ? "exact" : "paired t")
        .more = [this, counts](double level) { return AsRuns(MorePairsOfRates(counts, level)); };
  }

  void AskCost(const char* name, int64_t ClientOutcome::*number) {
    std::vector<NumberPair> numbers;
    for (const auto& [a, b] : pairs_) {
      numbers.push_back(
          {static_cast<double>(a->*number) / days_, static_cast<double>(b->*number) / days_});
    }
    Ask(absl::StrCat("cost.", name, "_per_client_day"), DifferenceOfNumbers(numbers), "paired t")
        .more = [this, numbers](double level) {
      return AsRuns(MorePairsOfNumbers(numbers, level));
    };
  }

  const std::vector<ClientPair> pairs_;
  const double days_;
  pb::PointComparison out_;
  pb::ComparedPair* pair_ = nullptr;
  std::string group_;
  std::vector<VerdictQuestion> questions_;
};

}  // namespace

absl::StatusOr<pb::PointComparison> CompareClients(const RunOutcomes& a, const RunOutcomes& b,
                                                   absl::string_view group) {
  if (a.days != b.days || !(a.days > 0)) {
    return absl::FailedPreconditionError("their horizons differ");
  }
  std::vector<ClientPair> pairs = PairsOf(a, b, group);
  if (pairs.size() < 2) {
    return absl::FailedPreconditionError("fewer than two clients are in both");
  }
  return ClientComparer(std::move(pairs), a.days).Compare(group);
}

}  // namespace keepsim
