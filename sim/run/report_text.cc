// The summary for reading in a terminal.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/run/summary.h"

namespace keepsim {
namespace {

constexpr size_t kIncidentsShown = 5;

// 2400000 as "2 400 000".
std::string Thousands(int64_t n) {
  std::string digits = absl::StrCat(n);
  for (int i = static_cast<int>(digits.size()) - 3; i > (n < 0 ? 1 : 0); i -= 3) {
    digits.insert(static_cast<size_t>(i), 1, ' ');
  }
  return digits;
}

std::string Number(double v) { return absl::StrFormat("%.4g", v); }

void AddLatency(const char* observer, const pb::Latency& l, std::string* out) {
  if (l.count() == 0) {
    absl::StrAppendFormat(out, "  %-8s no detection\n", observer);
    return;
  }
  absl::StrAppendFormat(out, "  %-8s %12s %10.3f %10.3f %10.3f %10.3f %10.3f %10.3f\n", observer,
                        Thousands(l.count()), l.min_s(), l.p50_s(), l.p90_s(), l.p99_s(), l.max_s(),
                        l.mean_s());
}

void AddBars(const char* observer, const pb::Latency& l, std::string* out) {
  if (l.count() < 2) return;
  int64_t most = 1;
  for (const pb::HistogramBin& b : l.bins()) most = std::max(most, b.count());
  absl::StrAppend(out, "  ", observer, ", seconds:\n");
  for (const pb::HistogramBin& b : l.bins()) {
    const auto width = static_cast<size_t>(b.count() * 50 / most);
    absl::StrAppendFormat(out, "    %9.3f to %9.3f  %-50s %s\n", b.low_s(), b.high_s(),
                          std::string(width, '#'), Thousands(b.count()));
  }
}

void AddDeclarations(const char* observer, const pb::Declarations& d, double days,
                     std::string* out) {
  absl::StrAppendFormat(out, "  %-8s %12s true %10s transient %10s false\n", observer,
                        Thousands(d.true_count()), Thousands(d.transient_count()),
                        Thousands(d.false_count()));
  if (d.false_count() == 0) {
    absl::StrAppendFormat(out,
                          "           0 false in %s client-days, 95 %% upper bound %s per "
                          "client-day\n",
                          Number(days), Number(d.ci95_high()));
  } else {
    absl::StrAppendFormat(out, "           %s false per client-day, 95 %% interval [%s, %s]\n",
                          Number(d.false_per_client_day()), Number(d.ci95_low()),
                          Number(d.ci95_high()));
  }
  for (const auto& [cause, n] : d.causes()) {
    absl::StrAppendFormat(out, "           %10s x %s\n", Thousands(n), cause);
  }
}

}  // namespace

std::string ToReport(const pb::RunSummary& s) {
  std::string out;
  const double days = s.horizon_s() / 86400 * static_cast<double>(s.clients());
  absl::StrAppend(&out, "\n", s.scenario(), "\n");
  if (!s.question().empty()) absl::StrAppend(&out, "  ", s.question(), "\n");
  absl::StrAppendFormat(&out, "\nFleet: %s clients for %s s (%s client-days), seed %d\n",
                        Thousands(s.clients()), Number(s.horizon_s()), Number(days), s.seed());
  for (const std::string& o : s.overrides()) absl::StrAppend(&out, "  --set ", o, "\n");

  absl::StrAppendFormat(&out, "\nDetection latency, s  %6s %10s %10s %10s %10s %10s %10s\n",
                        "count", "min", "p50", "p90", "p99", "max", "mean");
  AddLatency("broker", s.detection().broker(), &out);
  AddLatency("client", s.detection().client(), &out);
  AddLatency("watcher", s.detection().watcher(), &out);
  AddBars("broker", s.detection().broker(), &out);
  AddBars("client", s.detection().client(), &out);

  absl::StrAppend(&out, "\nDeclarations\n");
  AddDeclarations("broker", s.declarations().broker(), days, &out);
  AddDeclarations("client", s.declarations().client(), days, &out);

  const pb::Qos& q = s.qos();
  absl::StrAppendFormat(&out,
                        "\nBroker as failure detector (Chen, Toueg, Aguilera)\n"
                        "  observed %s client-days; query accuracy P_A %.9f; mistake duration T_M "
                        "%s s\n",
                        Number(q.observed_client_days()), q.query_accuracy(),
                        Number(q.mistake_duration_mean_s()));
  const pb::Cost& c = s.cost();
  absl::StrAppendFormat(&out,
                        "\nCost per client-day\n"
                        "  %s packets up, %s down; %s bytes on the wire in %s segments; %s radio "
                        "wake-ups\n",
                        Number(c.packets_up_per_client_day()),
                        Number(c.packets_down_per_client_day()),
                        Number(c.wire_bytes_per_client_day()), Number(c.segments_per_client_day()),
                        Number(c.radio_wakeups_per_client_day()));
  if (s.incidents_size() > 0) {
    absl::StrAppendFormat(&out, "\nWorst of %s incidents\n", Thousands(s.incident_count()));
    for (int i = 0; i < std::min<int>(s.incidents_size(), kIncidentsShown); ++i) {
      const pb::IncidentSummary& n = s.incidents(i);
      absl::StrAppendFormat(&out, "  #%d %s/%d: %s by the %s at %.3f s, %s", n.incident(),
                            n.group(), n.client(), n.verdict(), n.observer(), n.declared_s(),
                            n.cause());
      if (n.onset_s() >= 0) {
        absl::StrAppendFormat(&out, " (%s, %.3f s after its onset)", n.failure(), n.latency_s());
      }
      out += "\n";
    }
  }
  if (s.expectations_size() > 0) {
    absl::StrAppend(&out, "\nExpectations\n");
    for (const pb::ExpectationResult& e : s.expectations()) {
      absl::StrAppend(&out, e.met() ? "  met      " : "  NOT MET  ", e.text(), "\n");
    }
  }
  if (s.violations() > 0) {
    absl::StrAppend(&out, "\n", s.violations(), " violations of the model's invariants: a bug\n");
  }
  if (!s.reading().empty()) absl::StrAppend(&out, "\nHow to read it: ", s.reading(), "\n");
  absl::StrAppendFormat(&out,
                        "\n%s events (%s through a queue) in %.2f s on %d threads\n"
                        "digest %s, engine %s\nagain: %s\n",
                        Thousands(static_cast<int64_t>(s.events())),
                        Thousands(static_cast<int64_t>(s.engine_events())), s.wall_s(), s.threads(),
                        s.digest(), s.engine_version(), s.repro());
  return out;
}

}  // namespace keepsim
