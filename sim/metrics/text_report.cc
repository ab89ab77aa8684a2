#include "sim/metrics/text_report.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "sim/metrics/render.h"

namespace keepsim {
namespace {

constexpr size_t kNameWidth = 22;
constexpr size_t kColumnWidth = 11;
constexpr size_t kBarWidth = 48;
constexpr int kBarRows = 10;

class Report {
 public:
  Report(const RunSummary& s, const TextReportOptions& options) : s_(s), options_(options) {}

  std::string Text() {
    Head();
    Detection();
    Histograms();
    UndetectedFailures();
    Declarations();
    Quality();
    Theory();
    Connections();
    Cost();
    Incidents();
    Expectations();
    Foot();
    return std::move(out_);
  }

 private:
  static constexpr const char* kBold = "1";
  static constexpr const char* kRed = "31";
  static constexpr const char* kGreen = "32";

  std::string Colored(absl::string_view text, const char* code) const {
    return options_.color ? absl::StrCat("\x1b[", code, "m", text, "\x1b[0m") : std::string(text);
  }
  void Line(absl::string_view text) { absl::StrAppend(&out_, text, "\n"); }
  void Title(absl::string_view text) { absl::StrAppend(&out_, "\n", Colored(text, kBold), "\n"); }
  void Row(absl::string_view name, const std::vector<std::string>& cells) {
    std::string line = PadRight(absl::StrCat("  ", name), kNameWidth);
    for (const std::string& cell : cells) line += PadLeft(cell, kColumnWidth);
    Line(line);
  }
  bool ByGroup() const { return s_.groups_size() > 1 && s_.groups_size() <= options_.groups; }

  void Head();
  void Detection();
  void LatencyRow(absl::string_view name, const summary_pb::Latency& l);
  void Histograms();
  void UndetectedFailures();
  void Declarations();
  void DeclarationRows(absl::string_view name, const summary_pb::Declarations& d);
  void Quality();
  void Theory();
  void Connections();
  void Cost();
  void Incidents();
  void Expectations();
  void Foot();

  const RunSummary& s_;
  const TextReportOptions& options_;
  std::string out_;
};

void Report::Head() {
  Line(Colored(s_.scenario(), kBold));
  if (!s_.question().empty()) out_ += Wrap(s_.question(), 2, kReportWidth);
  Line(absl::StrCat("  ", CountText(s_.clients()),
                    s_.clients() == 1 ? " client for " : " clients for ",
                    SecondsText(s_.horizon_s()), ", ", NumberText(s_.client_days()),
                    " client-days; seed ", s_.seed(), "; ", CountText(s_.events()), " events"));
  if (s_.groups_size() > 1) {
    std::vector<std::string> groups;
    for (const auto& g : s_.groups())
      groups.push_back(absl::StrCat(g.name(), " ", CountText(g.clients())));
    out_ += Wrap(absl::StrCat("groups: ", absl::StrJoin(groups, ", ")), 2, kReportWidth);
  }
}

void Report::LatencyRow(absl::string_view name, const summary_pb::Latency& l) {
  if (l.count() == 0) return Row(name, {"none"});
  Row(name,
      {CountText(l.count()), SecondsText(l.min_s()), SecondsText(l.p50_s()), SecondsText(l.p90_s()),
       SecondsText(l.p99_s()), SecondsText(l.max_s()), SecondsText(l.mean_s())});
}

void Report::Detection() {
  Title("Detection: from the onset of a failure until an observer acts on it");
  Row("", {"count", "min", "p50", "p90", "p99", "max", "mean"});
  const auto& d = s_.detection();
  struct Observer {
    const char* name;
    const summary_pb::Latency& (summary_pb::Detections::*all)() const;
    const summary_pb::Latency& (summary_pb::FailureDetection::*one)() const;
  };
  static constexpr Observer kObservers[] = {
      {"broker", &summary_pb::Detections::broker, &summary_pb::FailureDetection::broker},
      {"client", &summary_pb::Detections::client, &summary_pb::FailureDetection::client},
      {"watcher", &summary_pb::Detections::watcher, &summary_pb::FailureDetection::watcher}};
  for (const Observer& o : kObservers) {
    if (o.name == kObservers[2].name && s_.watchers_size() == 0) continue;
    LatencyRow(o.name, (d.*o.all)());
    int kinds = 0;
    for (const auto& f : d.by_failure()) kinds += (f.*o.one)().count() > 0;
    if (kinds > 1) {
      for (const auto& f : d.by_failure()) {
        if ((f.*o.one)().count() > 0) LatencyRow(absl::StrCat("  ", f.failure()), (f.*o.one)());
      }
    }
    if (!ByGroup()) continue;
    for (const auto& g : s_.groups()) {
      const summary_pb::Latency& l = (g.detection().*o.all)();
      if (l.count() > 0) LatencyRow(absl::StrCat("  in ", g.name()), l);
    }
  }
}

void Report::Histograms() {
  for (const auto& [name, l] :
       {std::pair<const char*, const summary_pb::Latency&>("broker", s_.detection().broker()),
        {"client", s_.detection().client()}}) {
    if (l.bins_size() < 2 || l.count() < 10) continue;
    // Twice as many bins as rows.
    std::vector<summary_pb::HistogramBin> rows;
    const int fold = (l.bins_size() + kBarRows - 1) / kBarRows;
    for (int i = 0; i < l.bins_size(); ++i) {
      if (i % fold == 0) {
        rows.push_back(l.bins(i));
      } else {
        rows.back().set_high_s(l.bins(i).high_s());
        rows.back().set_count(rows.back().count() + l.bins(i).count());
      }
    }
    int64_t most = 1;
    for (const auto& r : rows) most = std::max(most, r.count());
    // Where rounded texts would not tell a row's ends apart, plain seconds do.
    const bool narrow = std::any_of(rows.begin(), rows.end(), [](const auto& r) {
      return SecondsText(r.low_s()) == SecondsText(r.high_s());
    });
    const auto text = [narrow](double s) {
      return narrow ? absl::StrFormat("%.3f s", s) : SecondsText(s);
    };
    Line(absl::StrCat("\n  detection by the ", name));
    for (const auto& r : rows) {
      const double share = static_cast<double>(r.count()) / static_cast<double>(most);
      Line(absl::StrCat(PadLeft(text(r.low_s()), 14), " to ", PadRight(text(r.high_s()), 11),
                        PadRight(Bar(share, kBarWidth), kBarWidth), " ", CountText(r.count())));
    }
  }
}

void Report::UndetectedFailures() {
  std::vector<std::string> lines;
  for (const auto& f : s_.failures()) {
    std::vector<std::string> ways;
    const auto add = [&](int64_t n, const char* how) {
      if (n > 0) ways.push_back(absl::StrCat(CountText(n), " ", how));
    };
    add(f.recovered(), "recovered first");
    add(f.taken_over(), "taken over first");
    add(f.other(), "closed for another reason");
    add(f.observer_gone(), "not, as the observer itself ended first");
    add(f.at_end(), "not yet detected at the end");
    if (ways.empty()) continue;
    lines.push_back(absl::StrCat(f.failure(), " before the ", f.observer(), ": ",
                                 CountText(f.detected()), " of ", CountText(f.count()),
                                 " detected, ", absl::StrJoin(ways, ", ")));
  }
  if (lines.empty()) return;
  Title("Failures that were not detected");
  for (const std::string& line : lines) out_ += Wrap(line, 2, kReportWidth);
}

void Report::DeclarationRows(absl::string_view name, const summary_pb::Declarations& d) {
  Row(name,
      {CountText(d.true_count()), CountText(d.transient_count()), CountText(d.false_count())});
  const std::string margin(4, ' ');
  Line(absl::StrCat(
      margin, "false: ", RateText(d.false_count(), d.client_days(), d.ci95_low(), d.ci95_high())));
  std::vector<std::string> causes;
  for (const auto& c : d.causes()) {
    causes.push_back(absl::StrCat(CountText(c.count()), " ", c.verdict(), " by ",
                                  absl::StrReplaceAll(c.cause(), {{"_", " "}})));
  }
  if (!causes.empty())
    out_ += Wrap(absl::StrCat("causes: ", absl::StrJoin(causes, ", ")), 4, kReportWidth);
}

void Report::Declarations() {
  Title("Declarations: an observer holds its peer for dead");
  Row("", {"true", "transient", "false"});
  DeclarationRows("by the broker", s_.declarations().broker());
  DeclarationRows("by the client", s_.declarations().client());
  if (!ByGroup()) return;
  for (const auto& g : s_.groups()) {
    const auto& d = g.declarations();
    if (d.broker().true_count() + d.broker().transient_count() + d.broker().false_count() > 0) {
      DeclarationRows(absl::StrCat("broker, ", g.name()), d.broker());
    }
    if (d.client().true_count() + d.client().transient_count() + d.client().false_count() > 0) {
      DeclarationRows(absl::StrCat("client, ", g.name()), d.client());
    }
  }
}

void Report::Quality() {
  const auto& q = s_.qos();
  Title("The broker as a failure detector");
  Line(absl::StrCat("  observed             ", NumberText(q.observed_client_days()),
                    " client-days with the client running and the path up"));
  Line(absl::StrCat(
      "  mistakes             ",
      RateText(q.mistakes(), q.observed_client_days(), q.ci95_low(), q.ci95_high()),
      s_.declarations().broker().transient_count() > 0 ? "; transient ones count here" : ""));
  if (q.has_query_accuracy()) {
    Line(absl::StrCat("  not mistaken         ", PerCentText(q.query_accuracy()),
                      " of the observed time (P_A)",
                      q.has_query_accuracy_low()
                          ? absl::StrCat(", 95 % interval ", PerCentText(q.query_accuracy_low()),
                                         " to ", PerCentText(q.query_accuracy_high()))
                          : ""));
    Line(absl::StrCat("  had a session        ", PerCentText(q.session_share()),
                      " of the observed time"));
  }
  if (q.mistakes() == 0) return;
  Line(absl::StrCat("  between mistakes     ", SecondsText(q.mistake_recurrence_mean_s()),
                    " on average (T_MR; 95 % interval ",
                    SecondsText(q.mistake_recurrence_mean_low_s()), " to ",
                    SecondsText(q.mistake_recurrence_mean_high_s()), "), good for ",
                    SecondsText(q.good_period_mean_s()), " (T_G)"));
  if (q.has_mistake_duration_mean_s()) {
    Line(absl::StrCat(
        "  a mistake lasts      ", SecondsText(q.mistake_duration_mean_s()), " on average (T_M",
        q.has_mistake_duration_mean_low_s()
            ? absl::StrCat("; 95 % interval ", SecondsText(q.mistake_duration_mean_low_s()), " to ",
                           SecondsText(q.mistake_duration_mean_high_s()))
            : "",
        "), at most ", SecondsText(q.mistake_duration().max_s())));
  }
}

void Report::Connections() {
  const auto& c = s_.connections();
  if (c.connect_time().count() == 0) return;
  Title("Connecting: from an attempt's start to CONNACK");
  Row("", {"attempts", "connected", "min", "p50", "p90", "p99", "max"});
  const auto& t = c.connect_time();
  Row("clients", {CountText(c.attempts()), CountText(c.connected()), SecondsText(t.min_s()),
                  SecondsText(t.p50_s()), SecondsText(t.p90_s()), SecondsText(t.p99_s()),
                  SecondsText(t.max_s())});
}

void Report::Theory() {
  if (s_.theory_size() == 0) return;
  Title("Against theory");
  for (const auto& t : s_.theory()) {
    const std::string name = s_.groups_size() > 1 ? absl::StrCat(t.group(), ": ") : std::string();
    out_ += Wrap(absl::StrCat(name, t.quantity(), ": ", NumberText(t.simulated()), ", by theory ",
                              NumberText(t.expected()), " = ", t.formula(), "; ",
                              absl::StrFormat("%+.2f", t.z()), " standard errors off, of ",
                              CountText(t.samples()), " samples"),
                 2, kReportWidth);
  }
}

void Report::Cost() {
  const auto& c = s_.cost();
  Title("Cost per client-day");
  if (!c.has_packets_per_client_day()) return Line("  nothing observed");
  Row("", {"packets", "bytes"});
  Row("client to broker",
      {NumberText(c.packets_up_per_client_day()), NumberText(c.bytes_up_per_client_day())});
  Row("broker to client",
      {NumberText(c.packets_down_per_client_day()), NumberText(c.bytes_down_per_client_day())});
  for (const auto& p : c.packets()) {
    if (p.packets_per_client_day() * 100 < c.packets_per_client_day()) continue;  // below 1 %
    Row(absl::StrCat("  ", p.type(), " ", p.direction()),
        {NumberText(p.packets_per_client_day()), NumberText(p.bytes_per_client_day())});
  }
  Row("on the wire",
      {NumberText(c.segments_per_client_day()), NumberText(c.wire_bytes_per_client_day())});
  Line(absl::StrCat("  radio wake-ups ", NumberText(c.radio_wakeups_per_client_day()),
                    "; connected ", PerCentText(c.connected_share()), " of the time",
                    c.has_ping_rtt_mean_s() ? absl::StrCat("; a PINGREQ is answered after ",
                                                           SecondsText(c.ping_rtt_mean_s()))
                                            : ""));
  if (!ByGroup()) return;
  for (const auto& g : s_.groups()) {
    if (!g.cost().has_packets_per_client_day()) continue;
    Row(absl::StrCat("in ", g.name()), {NumberText(g.cost().packets_per_client_day()),
                                        NumberText(g.cost().bytes_per_client_day())});
  }
}

void Report::Incidents() {
  if (s_.incidents_size() == 0 || options_.incidents <= 0) return;
  const int n = std::min(s_.incidents_size(), options_.incidents);
  Title(absl::StrCat("The worst of ", CountText(s_.incident_count()),
                     s_.incident_count() == 1 ? " incident" : " incidents"));
  for (int i = 0; i < n; ++i) {
    const auto& incident = s_.incidents(i);
    const std::string number =
        incident.incident() > 0 ? absl::StrCat("#", incident.incident()) : "-";
    std::string text =
        absl::StrFormat("%s  %s/%d at %.3f s: %s declaration by the %s after %s of silence", number,
                        incident.group(), incident.client(), incident.declared_s(),
                        incident.verdict(), incident.observer(), SecondsText(incident.silence_s()));
    if (incident.has_latency_s()) {
      absl::StrAppend(&text, ", ", SecondsText(incident.latency_s()), " after ",
                      incident.failure() == "none" ? "its peer had left" : incident.failure());
    }
    if (incident.verdict() != "true") {
      absl::StrAppend(&text, "; cause: ", absl::StrReplaceAll(incident.cause(), {{"_", " "}}));
      if (!incident.evidence().empty()) absl::StrAppend(&text, " (", incident.evidence(), ")");
    }
    out_ += Wrap(text, 2, kReportWidth);
  }
}

void Report::Expectations() {
  if (s_.expectations_size() == 0) return;
  Title("Expectations");
  for (const auto& e : s_.expectations()) {
    const std::string mark = e.met() ? Colored("met    ", kGreen) : Colored("NOT MET", kRed);
    out_ += "  " + mark + Wrap(e.text(), 11, kReportWidth).substr(9);
    if (!e.met() && !e.why().empty()) out_ += Wrap(e.why(), 11, kReportWidth);
  }
}

void Report::Foot() {
  if (s_.violations() > 0) {
    Title(Colored(absl::StrCat(CountText(s_.violations()),
                               " violations of the model's own invariants: a bug of keepsim"),
                  kRed));
  }
  if (!s_.reading().empty()) {
    Title("How to read this");
    out_ += Wrap(s_.reading(), 2, kReportWidth);
  }
  Line("");
  Line(absl::StrCat("digest  ", s_.digest(), "  engine ", s_.engine_version(),
                    s_.build_commit().empty() ? "" : absl::StrCat("  build ", s_.build_commit())));
  if (options_.machine) {
    Line(absl::StrCat("took    ", SecondsText(s_.wall_s()), " on ", s_.threads(),
                      s_.threads() == 1 ? " thread" : " threads"));
  }
  if (!s_.trace().empty()) Line(absl::StrCat("trace   ", s_.trace()));
  if (!s_.repro().empty()) Line(absl::StrCat("again   ", s_.repro()));
}

}  // namespace

std::string ToReport(const RunSummary& summary, const TextReportOptions& options) {
  return Report(summary, options).Text();
}

}  // namespace keepsim
