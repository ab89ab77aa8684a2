#include "sim/run/theory.h"

#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/run/detector_theory.h"

namespace keepsim {
namespace {

constexpr int64_t kFewest = 10;
constexpr int kPingreq = 12;  // packet types, MQTT 3.1.1 section 2.2.1

struct Moments {
  double mean = 0;
  double variance = 0;
};

// A distribution in seconds, ascending: midpoints of equal slices of probability.
std::vector<double> SlicesOf(const QuantileTable& law) {
  constexpr uint64_t kSlices = 1 << 14;
  constexpr uint64_t kWidth = UINT64_MAX / kSlices + 1;
  std::vector<double> slices;
  slices.reserve(kSlices);
  for (uint64_t i = 0; i < kSlices; ++i) {
    slices.push_back(ToSeconds(law.Sample(i * kWidth + kWidth / 2)));
  }
  return slices;
}

Moments MomentsOf(const QuantileTable& law) {
  const std::vector<double> slices = SlicesOf(law);
  const auto n = static_cast<double>(slices.size());
  Moments m;
  for (const double x : slices) {
    m.mean += x;
    m.variance += x * x;
  }
  m.mean /= n;
  m.variance = m.variance / n - m.mean * m.mean;
  return m;
}

// The time in the present interval of length `eta` at which a client fails that lives for an
// exponential time of mean `life`: an exponential law, cut off at eta.
Moments PhaseOf(double eta, double life) {
  const double r = eta / life;
  if (r < 1e-4) return {eta / 2 - eta * r / 12, eta * eta / 12};  // the series: no cancellation
  const double e = std::expm1(r);
  return {life - eta / e, life * life - eta * eta * (e + 1) / (e * e)};
}

class GroupTheory {
 public:
  GroupTheory(const Plan& plan, const GroupPlan& g, const Tally& t) : plan_(plan), g_(g), t_(t) {}

  void Add(std::vector<TheoreticalFigure>& figures) const {
    if (!Regular()) return;
    if (const auto figure = Detection()) figures.push_back(*figure);
    if (!ClosesAtItsLimit()) return;
    for (const auto& figure : {FalseByClient(), FalseByBroker()}) {
      if (figure.has_value()) figures.push_back(*figure);
    }
    AddDetector(figures);
  }

 private:
  double Eta() const { return ToSeconds(g_.profile.ping_after.Of(KeepAlive())); }
  Duration KeepAlive() const { return Seconds(g_.connect.keep_alive_s); }
  double Limit() const { return ToSeconds(LimitOf(plan_.broker.profile, KeepAlive())); }
  bool Patient() const { return g_.profile.wait_rule == WaitRule::kIgnored; }
  double Loss(const DirectionSpec& d) const { return d.loss.ToDouble(); }

  // Idle: whatever it is counted from, a PINGREQ goes out every eta.
  bool PingsRegularly() const {
    const ClientProfile& c = g_.profile;
    const Duration after_in = c.ping_after_in.Of(KeepAlive());
    return c.ping_when == PingWhen::kAlways ||
           (c.ping_when == PingWhen::kEitherSilent &&
            (after_in.ns == 0 || after_in >= c.ping_after.Of(KeepAlive()))) ||
           (c.ping_when == PingWhen::kOutSilent && c.out_reference == OutReference::kAnyPacket);
  }

  bool ClosesAtItsLimit() const {
    const BrokerProfile& b = plan_.broker.profile;
    return b.mechanism == CheckMechanism::kExactTimer && !b.whole_seconds && !b.strict;
  }

  // By how much its check is later than the limit, where clients come at any phase of it.
  std::optional<Moments> CheckDelay() const {
    const BrokerProfile& b = plan_.broker.profile;
    if (ClosesAtItsLimit()) return Moments{};
    const double period = ToSeconds(b.period.Of(KeepAlive()));
    if (b.mechanism != CheckMechanism::kScan || ToSeconds(g_.start_spread) < period) {
      return std::nullopt;
    }
    // In whole seconds: up to a second early, on a grid of n seconds (n - 1) / 2 late, and a
    // second more if the limit must be exceeded.
    if (b.whole_seconds && (period != std::floor(period) || Limit() != std::floor(Limit()))) {
      return std::nullopt;
    }
    return Moments{period / 2 - (b.whole_seconds && !b.strict ? 1 : 0), period * period / 12};
  }

  bool Regular() const {
    const ClientProfile& c = g_.profile;
    const BrokerProfile& b = plan_.broker.profile;
    return KeepAlive().ns > 0 && g_.count > 0 && PingsRegularly() &&
           c.TickOf(KeepAlive()).ns == 0 && !c.whole_seconds && c.loop_wait.ns == 0 &&
           c.loop_delay_max.ns == 0 && g_.drift_ppb == 0 && g_.drift_ppb_max == 0 &&
           g_.uplink.empty() && g_.downlink.empty() && g_.subscribe_filter.empty() &&
           !g_.shared_client_id && !g_.middlebox.enabled && !g_.up.burst.enabled &&
           !g_.down.burst.enabled && g_.up.duplicate.IsZero() && g_.down.duplicate.IsZero() &&
           plan_.faults.empty() && !plan_.broker.has_capacity_limit() &&
           plan_.broker.accept_backlog == 0 && !b.outgoing_counts &&
           g_.connect.keep_alive_s >= b.keep_alive_min_s &&
           g_.connect.keep_alive_s <= b.keep_alive_max_s &&
           !JudgeKeepAlive(b, g_.connect.version, g_.connect.keep_alive_s).told && Eta() < Limit();
  }

  std::optional<TheoreticalFigure> Figure(const char* quantity, const char* formula,
                                          double expected, double simulated, double error,
                                          int64_t samples) const {
    if (samples < kFewest || !(error > 0)) return std::nullopt;
    return TheoreticalFigure{g_.name, quantity, formula, expected, simulated, error, samples};
  }

  // T_D = limit + latency - phase of the crash + what the check adds, if nothing is ever lost.
  std::optional<TheoreticalFigure> Detection() const {
    const std::optional<Moments> check = CheckDelay();
    // A crash within a mistake is detected before it comes.
    if (static_cast<double>(t_.suspected_ns) * 1000 > static_cast<double>(t_.known_ns)) {
      return std::nullopt;
    }
    if (!check.has_value() || g_.faults.size() != 1 || g_.faults[0].kind != FailureKind::kCrash ||
        !g_.up.loss.IsZero() || !g_.down.loss.IsZero()) {
      return std::nullopt;
    }
    const RenewalSpec& crashes = g_.faults[0].renewal;
    const double life = ToSeconds(crashes.gap.mean());
    // Exponential gaps: the quantile of 1 - 1/e is their mean.
    const double at_mean =
        ToSeconds(crashes.gap.Sample(static_cast<uint64_t>(0.63212055883 * 0x1p64)));
    if (std::abs(at_mean / life - 1) > 1e-3 ||
        ToSeconds(crashes.length.min()) <=
            Limit() + ToSeconds(g_.up.latency.max()) + 2 * check->mean) {
      return std::nullopt;
    }
    const Histogram seen = t_.Detection(Observer::kBroker);
    const Moments phase = PhaseOf(Eta(), life);
    const Moments latency = MomentsOf(g_.up.latency);
    return Figure(
        "mean detection by the broker, s",
        check->mean > 0 ? "limit + E(D) - E(phase) + period / 2" : "limit + E(D) - E(phase)",
        Limit() + latency.mean - phase.mean + check->mean, ToSeconds(seen.mean()),
        std::sqrt((phase.variance + latency.variance + check->variance) /
                  static_cast<double>(std::max<int64_t>(seen.count(), 1))),
        seen.count());
  }

  // A PINGREQ over datagrams goes unanswered if it or its answer is lost.
  std::optional<TheoreticalFigure> FalseByClient() const {
    const Duration wait = g_.profile.pingresp_wait.Of(KeepAlive());
    if (g_.transport != Transport::kDatagram || !g_.faults.empty() ||
        g_.profile.wait_rule != WaitRule::kAfterPing ||
        g_.profile.pingresp_by != PingrespBy::kPingresp ||
        wait >= g_.profile.ping_after.Of(KeepAlive()) ||
        g_.up.latency.max() + g_.down.latency.max() >= wait) {
      return std::nullopt;
    }
    const double f = 1 - (1 - Loss(g_.up)) * (1 - Loss(g_.down));
    const int64_t pings = t_.packets[kUp][kPingreq];
    const auto n = static_cast<double>(pings);
    const int64_t gave_up = t_.DeclaredCount(Observer::kClient, Verdict::kFalse);
    return Figure("PINGREQ after which the client gives up", "1 - (1 - p_up)(1 - p_down)", f,
                  static_cast<double>(gave_up) / std::max(n, 1.0),
                  std::sqrt(f * (1 - f) / std::max(n, 1.0)), f > 0 ? pings : 0);
  }

  // Trials until k losses in a row (Feller, XIII.7), one every eta; each client fails once.
  std::optional<TheoreticalFigure> FalseByBroker() const {
    const double p = Loss(g_.up);
    const double ratio = Limit() / Eta();
    const double k = std::floor(ratio);
    if (plan_.broker.profile.recovers || g_.transport != Transport::kDatagram || !Patient() ||
        !g_.faults.empty() || !(p > 0) || p >= 1 || ratio == k ||
        (k > 1 && g_.profile.one_ping_at_a_time) ||  // a lost PINGREQ is then the last
        !g_.up.latency.is_constant() || t_.mistakes * 1000 < static_cast<int64_t>(g_.count) * 999) {
      return std::nullopt;
    }
    const double q = 1 - p;
    const double pk = std::pow(p, k);
    const double mean = (1 - pk) / (q * pk);
    const double variance = 1 / (q * pk * q * pk) - (2 * k + 1) / (q * pk) - p / (q * q);
    const auto n = static_cast<double>(t_.mistakes);
    const double good_s = static_cast<double>(t_.observed_ns - t_.suspected_ns) * 1e-9;
    return Figure("mean time to a false declaration by the broker, s", "(E(N) - k) eta + limit",
                  (mean - k) * Eta() + Limit(), good_s / n, Eta() * std::sqrt(variance / n),
                  t_.mistakes);
  }

  // A broker that closes nothing, and clients that ping on: the simple detector of the literature.
  // The errors count a mistake as a run of at least k losses: none begins within k after another.
  // Where delays alone make mistakes they may, and the errors are rather too large.
  void AddDetector(std::vector<TheoreticalFigure>& figures) const {
    const double p = Loss(g_.up);
    const double spread = ToSeconds(g_.up.latency.max() - g_.up.latency.min());
    if (!plan_.broker.profile.recovers || g_.transport != Transport::kDatagram || !Patient() ||
        g_.profile.one_ping_at_a_time || !g_.faults.empty() || p >= 1 || spread >= Eta() ||
        t_.known_ns <= 0) {
      return;
    }
    const DetectorTheory theory = SimpleDetector(Eta(), Limit(), p, SlicesOf(g_.up.latency));
    const double known_s = static_cast<double>(t_.known_ns) * 1e-9;
    const double pings = known_s / Eta();
    const double per_ping = theory.mistakes_per_s * Eta();
    const double k = std::floor(Limit() / Eta());
    const double runs = 2 * std::max(k, 1.0) + 1;
    const bool by_delays = spread > Limit() - k * Eta();
    const double free = by_delays ? 1 - per_ping : std::max(1 - runs * per_ping, 0.0);
    const double mean = theory.duration_s, variance = theory.duration_variance;
    const auto add = [&](std::optional<TheoreticalFigure> figure) {
      if (figure.has_value()) figures.push_back(*figure);
    };
    const auto mistakes = static_cast<double>(t_.mistakes);
    add(Figure("mistakes per client-day", "lambda_M = (1 - p) / eta sum (1 - p) p^g Pr(D' - D > x)",
               theory.mistakes_per_s * 86400, mistakes / known_s * 86400,
               std::sqrt(pings * per_ping * free) / known_s * 86400, t_.mistakes));
    add(Figure("mean duration of a mistake, s", "E(T_M) = (1 - P_A) / lambda_M", mean,
               ToSeconds(t_.mistake_duration.mean()), std::sqrt(variance / std::max(mistakes, 1.0)),
               t_.mistake_duration.count()));
    add(Figure("query accuracy", "P_A = 1 - (1 - p) / eta sum (1 - p) p^g E((D' - D - x)+)",
               theory.accuracy, 1 - static_cast<double>(t_.suspected_ns) * 1e-9 / known_s,
               std::sqrt(pings * per_ping * (variance + mean * mean * free)) / known_s,
               t_.mistakes));
  }

  const Plan& plan_;
  const GroupPlan& g_;
  const Tally& t_;
};

}  // namespace

std::vector<TheoreticalFigure> TheoryOf(const Plan& plan, const std::vector<Tally>& tallies) {
  std::vector<TheoreticalFigure> figures;
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    GroupTheory(plan, plan.groups[i], tallies[i]).Add(figures);
  }
  return figures;
}

}  // namespace keepsim
