#include "tools/probe/probe_text.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/metrics/render.h"

namespace keepsim {
namespace {

constexpr size_t kLabel = 26;
constexpr int kRows = 10;  // of a histogram

std::string Row(const std::string& label, const probe_pb::Times& t) {
  std::string out = absl::StrCat("  ", PadRight(label, kLabel), PadLeft(CountText(t.count()), 7));
  if (t.count() == 0) return out + "\n";
  for (const double v : {t.min_s(), t.p50_s(), t.p90_s(), t.p99_s(), t.max_s(), t.mean_s()}) {
    absl::StrAppend(&out, PadLeft(SecondsText(v), 12));
  }
  return out + "\n";
}

std::string Heads(const std::string& title) {
  std::string out = absl::StrCat(PadRight(title, kLabel + 2), PadLeft("count", 7));
  for (const char* head : {"min", "p50", "p90", "p99", "max", "mean"}) {
    absl::StrAppend(&out, PadLeft(head, 12));
  }
  return out + "\n";
}

// Equal steps from the smallest to the largest; nothing where their ends read alike.
std::string Drawing(std::vector<Duration> values) {
  if (values.size() < 2) return "";
  std::sort(values.begin(), values.end());
  const Duration low = values.front();
  const Duration step = (values.back() - low) / kRows + Nanoseconds(1);
  int64_t counts[kRows] = {};
  for (const Duration v : values) ++counts[(v - low) / step];
  const int64_t most = *std::max_element(counts, counts + kRows);
  const auto label = [&](int i) { return SecondsText(ToSeconds(low + step * i)); };
  std::string out;
  for (int i = 0; i < kRows; ++i) {
    if (label(i) == label(i + 1)) return "";  // all of them are as good as the same
    absl::StrAppend(&out, "    from ", PadLeft(label(i), 10), " ", PadLeft(CountText(counts[i]), 6),
                    " ", Bar(static_cast<double>(counts[i]) / static_cast<double>(most), 40), "\n");
  }
  return out;
}

std::string Plural(int64_t n, const std::string& one) {
  return absl::StrCat(CountText(n), " ", one, n == 1 ? "" : "s");
}

void AddHead(const probe_pb::ProbeSummary& s, std::string* out) {
  const auto& c = s.clients();
  absl::StrAppend(out, "Broker ", s.broker());
  if (s.address() != s.broker()) absl::StrAppend(out, " (", s.address(), ")");
  absl::StrAppend(out, ", MQTT ", s.mqtt_version(), ", ", s.tls().empty() ? "no TLS" : s.tls(),
                  "\n");
  absl::StrAppend(
      out, absl::StrFormat("%d pinging, %d silent, %d dropped clients, %d watcher; profile %s, "
                           "keepAlive %d s; %.1f s\n",
                           c.pinging(), c.silent(), c.dropped(), c.watchers(), s.client(),
                           s.keep_alive_s(), s.ran_s()));
  if (s.complete()) return;
  absl::StrAppend(out, "PARTIAL RESULT:\n");
  for (const std::string& m : s.missing()) absl::StrAppend(out, "  ", m, "\n");
}

void AddConnections(const probe_pb::ProbeSummary& s, std::string* out) {
  const auto& c = s.connections();
  absl::StrAppend(out, Row("TCP connect", c.tcp()));
  if (c.tls().count() > 0) absl::StrAppend(out, Row("TLS handshake", c.tls()));
  absl::StrAppend(out, Row("CONNECT to CONNACK", c.connack_time()),
                  Row("PINGREQ to PINGRESP", s.pings().round_trip()));
}

void AddAnswers(const probe_pb::ProbeSummary& s, std::string* out) {
  absl::StrAppend(out, "\nCONNACK: ");
  const char* comma = "";
  for (const auto& k : s.connections().connack()) {
    absl::StrAppend(out, comma, CountText(k.count()), " ", k.text());
    comma = ", ";
  }
  if (s.has_server_keep_alive_s()) {
    absl::StrAppend(out, "; Server Keep Alive ", s.server_keep_alive_s(), " s");
  } else if (s.mqtt_version() == "5.0") {
    absl::StrAppend(out, "; no Server Keep Alive");
  }
  absl::StrAppend(out, "\n");
  if (s.pings().unanswered() > 0) {
    absl::StrAppend(out, Plural(s.pings().unanswered(), "PINGREQ"),
                    " unanswered when the connection ended\n");
  }
}

void AddSilence(const probe_pb::ProbeSummary& s, std::vector<Duration> silences, std::string* out) {
  const auto& q = s.silence();
  if (q.samples().empty()) return;
  absl::StrAppend(out, "\n", Heads("Silence, TCP kept open"),
                  Row("until the broker closed", q.closed()));
  std::map<std::string, std::vector<double>> by_last;
  std::map<std::string, int64_t> how;
  for (const auto& x : q.samples()) {
    if (!x.closed()) continue;
    by_last[x.last_packet()].push_back(x.silence_s());
    ++how[x.how()];
  }
  for (const auto& [type, values] : by_last) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    absl::StrAppend(out, "    last packet ", PadRight(type, 8),
                    PadLeft(CountText(values.size()), 5), "  from ", SecondsText(*low), " to ",
                    SecondsText(*high), "\n");
  }
  for (const auto& [text, count] : how) {
    absl::StrAppend(out, "    ", CountText(count), " times: ", text, "\n");
  }
  if (q.open() > 0) {
    absl::StrAppend(out, "    ", q.open(), " still open at the end, silent for up to ",
                    SecondsText(q.longest_open_s()), "\n");
  }
  if (q.will_after().count() > 0) {
    absl::StrAppend(out, "    the watcher had the will from ", SecondsText(q.will_after().min_s()),
                    " to ", SecondsText(q.will_after().max_s()), " after that\n");
  }
  absl::StrAppend(out, Drawing(std::move(silences)));
}

void AddFit(const probe_pb::ProbeSummary& s, std::string* out) {
  if (s.broker_fit().empty()) return;
  absl::StrAppend(out,
                  "\nWhich broker behaves like this? Difference from each profile, in the mean "
                  "and at most:\n");
  constexpr int kRunnersUp = 5;
  int64_t equal = 0;
  int shown = 0;
  for (const auto& f : s.broker_fit()) {
    equal += f.as_good_as_best() ? 1 : 0;
    if (!f.as_good_as_best() && ++shown > kRunnersUp) continue;
    absl::StrAppend(out, "  ", f.as_good_as_best() ? "* " : "  ", PadRight(f.profile(), 24),
                    PadLeft(SecondsText(f.distance_s()), 10),
                    PadLeft(SecondsText(f.largest_s()), 10), "\n");
  }
  if (!s.fit_facts().explained()) {
    absl::StrAppend(out, "  None explains it (that would take ",
                    SecondsText(s.fit_facts().limit_s()), " or less).\n");
  } else if (equal > 1) {
    absl::StrAppend(out, "  These ", equal, " (*) fit equally well, to ",
                    SecondsText(s.fit_facts().resolution_s()),
                    ": this keepAlive or so few connections do not tell them apart.\n");
  }
}

void AddDrops(const probe_pb::ProbeSummary& s, std::string* out) {
  const auto& d = s.drops();
  if (d.fin().count() + d.reset().count() + d.without_will() == 0) return;
  absl::StrAppend(out, "\n", Heads("TCP ended, no DISCONNECT"),
                  Row("by FIN, until the will", d.fin()), Row("by RST, until the will", d.reset()));
  if (d.without_will() > 0) {
    absl::StrAppend(out, "    ", Plural(d.without_will(), "time"), " no will came\n");
  }
}

void AddIncidents(const probe_pb::ProbeSummary& s, std::string* out) {
  if (s.incident_count() == 0) return;
  constexpr int kShown = 10;
  absl::StrAppend(out, "\n", Plural(s.incident_count(), "connection event"),
                  " that the probe did not ask for:\n");
  for (int i = 0; i < std::min(s.incidents_size(), kShown); ++i) {
    const auto& x = s.incidents(i);
    absl::StrAppend(out, absl::StrFormat("  %8.3f s  %-12s %s\n", x.at_s(), x.client(), x.text()));
  }
  if (s.incident_count() > kShown) absl::StrAppend(out, "  ...\n");
}

}  // namespace

std::string ProbeText(const probe_pb::ProbeSummary& s, std::vector<Duration> round_trips,
                      std::vector<Duration> silences) {
  std::string out;
  AddHead(s, &out);
  absl::StrAppend(&out, "\n", Heads("Times"));
  AddConnections(s, &out);
  absl::StrAppend(&out, Drawing(std::move(round_trips)));
  AddAnswers(s, &out);
  AddSilence(s, std::move(silences), &out);
  AddFit(s, &out);
  AddDrops(s, &out);
  AddIncidents(s, &out);
  if (s.loop_lateness().count() > 0) {
    absl::StrAppend(&out, "\nThe probe looked at its own deadlines ",
                    SecondsText(s.loop_lateness().p50_s()), " late in the median, ",
                    SecondsText(s.loop_lateness().max_s()), " at most.\n");
  }
  return out;
}

}  // namespace keepsim
