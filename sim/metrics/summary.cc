#include "sim/metrics/summary.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/base/stats.h"
#include "sim/metrics/latency_summary.h"
#include "sim/trace/text.h"

namespace keepsim {
namespace {

constexpr double kSecondsPerDay = 86400;
constexpr double kNormal = 1.959963984540054;  // its 0.975 quantile

void FillDetections(const Tally& t, Detail detail, summary_pb::Detections* out) {
  const Histogram broker = t.Detection(Observer::kBroker);
  const Histogram client = t.Detection(Observer::kClient);
  const Histogram watcher = t.Detection(Observer::kWatcher);
  FillLatency(broker, detail, out->mutable_broker());
  FillLatency(client, detail, out->mutable_client());
  FillLatency(watcher, detail, out->mutable_watcher());
  for (int k = 0; k < kFailureKinds; ++k) {
    if (t.detection[0][k].count() + t.detection[1][k].count() + t.detection[2][k].count() == 0) {
      continue;
    }
    summary_pb::FailureDetection* f = out->add_by_failure();
    f->set_failure(FailureKindName(static_cast<FailureKind>(k)));
    FillLatency(t.detection[0][k], broker, detail, f->mutable_broker());
    FillLatency(t.detection[1][k], client, detail, f->mutable_client());
    FillLatency(t.detection[2][k], watcher, detail, f->mutable_watcher());
  }
}

void FillDeclarations(const Tally& t, Observer observer, double days,
                      summary_pb::Declarations* out) {
  out->set_true_count(t.DeclaredCount(observer, Verdict::kTrue));
  out->set_transient_count(t.DeclaredCount(observer, Verdict::kTransient));
  out->set_false_count(t.DeclaredCount(observer, Verdict::kFalse));
  out->set_client_days(days);
  for (const Verdict v : {Verdict::kFalse, Verdict::kTransient}) {
    for (int c = 0; c < kCauses; ++c) {
      const int64_t n = t.declared[Index(observer)][static_cast<int>(v)][c];
      if (n == 0) continue;
      summary_pb::CauseCount* cause = out->add_causes();
      cause->set_cause(CauseName(static_cast<Cause>(c)));
      cause->set_verdict(VerdictName(v));
      cause->set_count(n);
    }
  }
  std::stable_sort(out->mutable_causes()->begin(), out->mutable_causes()->end(),
                   [](const auto& x, const auto& y) { return x.count() > y.count(); });
  if (!(days > 0)) return;
  const ConfidenceInterval ci = PoissonRateInterval(out->false_count(), days);
  out->set_false_per_client_day(static_cast<double>(out->false_count()) / days);
  out->set_ci95_low(ci.low);
  out->set_ci95_high(ci.high);
}

void FillQos(const Tally& t, summary_pb::Qos* out) {
  const double observed_s = static_cast<double>(t.observed_ns) * 1e-9;
  const double suspected_s = static_cast<double>(t.suspected_ns) * 1e-9;
  const double mistakes = static_cast<double>(t.mistakes);
  const double days = observed_s / kSecondsPerDay;
  out->set_observed_client_days(days);
  out->set_mistakes(t.mistakes);
  FillLatency(t.Detection(Observer::kBroker), Detail::kNumbers, out->mutable_detection_time());
  FillLatency(t.mistake_duration, Detail::kNumbers, out->mutable_mistake_duration());
  FillLatency(t.mistake_recurrence, Detail::kNumbers, out->mutable_mistake_recurrence());
  FillLatency(t.good_period, Detail::kNumbers, out->mutable_good_period());
  const auto ended = static_cast<double>(t.mistake_duration.count());
  if (ended > 0) {
    const double mean_s = ToSeconds(t.mistake_duration.mean());
    out->set_mistake_duration_mean_s(mean_s);
    if (ended > 1) {
      const double square = static_cast<double>(t.mistake_durations_squared) * 1e-12 / ended;
      const double variance = std::max(square - mean_s * mean_s, 0.0) * ended / (ended - 1);
      const double half = kNormal * std::sqrt(variance / ended);
      out->set_mistake_duration_mean_low_s(std::max(mean_s - half, 0.0));
      out->set_mistake_duration_mean_high_s(mean_s + half);
    }
  }
  if (!(days > 0)) return;
  const ConfidenceInterval ci = PoissonRateInterval(t.mistakes, days);
  out->set_mistake_rate_per_client_day(mistakes / days);
  out->set_ci95_low(ci.low);
  out->set_ci95_high(ci.high);
  out->set_query_accuracy(1 - suspected_s / observed_s);
  out->set_session_share(static_cast<double>(t.known_ns) * 1e-9 / observed_s);
  if (t.mistakes == 0) return;
  const double accuracy = out->query_accuracy();
  out->set_mistake_recurrence_mean_s(observed_s / mistakes);
  out->set_mistake_recurrence_mean_low_s(kSecondsPerDay / ci.high);
  out->set_mistake_recurrence_mean_high_s(kSecondsPerDay / ci.low);
  out->set_good_period_mean_s((observed_s - suspected_s) / mistakes);
  out->set_good_period_mean_low_s(accuracy * kSecondsPerDay / ci.high);
  out->set_good_period_mean_high_s(accuracy * kSecondsPerDay / ci.low);
  if (t.clients < 2) return;
  // Of a ratio of sums over clients (Cochran, Sampling Techniques, section 6.3).
  const double n = static_cast<double>(t.clients);
  const double share = 1 - accuracy;
  const double squares = (static_cast<double>(t.suspected_squared) -
                          2 * share * static_cast<double>(t.observed_by_suspected) +
                          share * share * static_cast<double>(t.observed_squared)) *
                         1e-12;
  const double half = kNormal * std::sqrt(std::max(squares, 0.0) * n / (n - 1)) / observed_s;
  out->set_query_accuracy_low(std::max(accuracy - half, 0.0));
  out->set_query_accuracy_high(std::min(accuracy + half, 1.0));
}

// Standard error, per client-day, of a mean over clients with this sum and sum of squares.
double StandardError(int64_t sum, __int128 squares, int64_t clients, double days) {
  const double n = static_cast<double>(clients);
  // n * squares - sum^2, exactly; no client's share can make it negative.
  const __int128 spread = squares * clients - static_cast<__int128>(sum) * sum;
  const double variance = static_cast<double>(spread) / (n * (n - 1));
  return std::sqrt(variance / n) * n / days;
}

void FillCost(const Tally& t, double days, summary_pb::Cost* out) {
  const auto per_day = [days](int64_t n) { return static_cast<double>(n) / days; };
  int64_t packets[2] = {0, 0};
  int64_t bytes[2] = {0, 0};
  int64_t pings = 0;
  for (int d = 0; d < 2; ++d) {
    for (int type = 0; type < kMqttPacketTypes; ++type) {
      if (t.packets[d][type] == 0) continue;
      packets[d] += t.packets[d][type];
      bytes[d] += t.bytes[d][type];
      if (type == 12) pings += t.packets[d][type];
      summary_pb::PacketCost* p = out->add_packets();
      p->set_type(PacketTypeText(type));
      p->set_direction(d == kUp ? "up" : "down");
      p->set_packets(t.packets[d][type]);
      p->set_bytes(t.bytes[d][type]);
      if (!(days > 0)) continue;
      p->set_packets_per_client_day(per_day(t.packets[d][type]));
      p->set_bytes_per_client_day(per_day(t.bytes[d][type]));
    }
    if (t.segments[d] == 0 && t.segments_lost[d] == 0) continue;
    summary_pb::TransportCost* transport = out->add_transport();
    transport->set_direction(d == kUp ? "up" : "down");
    transport->set_segments(t.segments[d]);
    transport->set_bytes(t.wire_bytes[d]);
    transport->set_lost(t.segments_lost[d]);
    transport->set_retransmitted(t.segments_retransmitted[d]);
  }
  out->set_client_days(days);
  out->set_ping_count(t.pings);
  if (t.pings > 0) {
    out->set_ping_rtt_mean_s(static_cast<double>(t.ping_rtt_ns) * 1e-9 /
                             static_cast<double>(t.pings));
  }
  if (!(days > 0)) return;
  out->set_packets_up_per_client_day(per_day(packets[kUp]));
  out->set_packets_down_per_client_day(per_day(packets[kDown]));
  out->set_packets_per_client_day(per_day(packets[kUp] + packets[kDown]));
  out->set_bytes_up_per_client_day(per_day(bytes[kUp]));
  out->set_bytes_down_per_client_day(per_day(bytes[kDown]));
  out->set_bytes_per_client_day(per_day(bytes[kUp] + bytes[kDown]));
  out->set_wire_bytes_per_client_day(per_day(t.wire_bytes[0] + t.wire_bytes[1]));
  out->set_segments_per_client_day(per_day(t.segments[0] + t.segments[1]));
  out->set_radio_wakeups_per_client_day(per_day(t.radio_wakeups));
  out->set_pings_per_client_day(per_day(pings));
  if (t.clients > 1) {
    out->set_packets_standard_error(
        StandardError(packets[kUp] + packets[kDown], t.packets_squared, t.clients, days));
    out->set_wire_bytes_standard_error(
        StandardError(t.wire_bytes[0] + t.wire_bytes[1], t.wire_bytes_squared, t.clients, days));
    out->set_radio_wakeups_standard_error(
        StandardError(t.radio_wakeups, t.radio_wakeups_squared, t.clients, days));
  }
  out->set_connected_share(static_cast<double>(t.connected_ns) * 1e-9 / kSecondsPerDay / days);
}

int64_t UndetectedCount(const Tally& t, int observer) {
  int64_t sum = 0;
  for (int k = 0; k < kFailureKinds; ++k) {
    for (const Undetected how :
         {Undetected::kRecovered, Undetected::kTakenOver, Undetected::kOther}) {
      sum += t.undetected[observer][k][static_cast<int>(how)];
    }
  }
  return sum;
}

template <typename Rows>
void FillFailures(const Tally& t, Rows* rows) {
  for (int observer = 0; observer < kDeclarers; ++observer) {
    for (int k = 0; k < kFailureKinds; ++k) {
      if (t.failures[observer][k] == 0) continue;
      const int64_t(&ways)[kUndetectedWays] = t.undetected[observer][k];
      summary_pb::FailureSummary* row = rows->Add();
      row->set_failure(FailureKindName(static_cast<FailureKind>(k)));
      row->set_observer(ObserverName(static_cast<Observer>(observer + 1)));
      row->set_count(t.failures[observer][k]);
      row->set_detected(t.detection[observer][k].count());
      row->set_recovered(ways[static_cast<int>(Undetected::kRecovered)]);
      row->set_taken_over(ways[static_cast<int>(Undetected::kTakenOver)]);
      row->set_other(ways[static_cast<int>(Undetected::kOther)]);
      row->set_observer_gone(ways[static_cast<int>(Undetected::kObserverGone)]);
      row->set_at_end(ways[static_cast<int>(Undetected::kAtEnd)]);
    }
  }
}

void FillConnections(const Tally& t, summary_pb::Connections* out) {
  out->set_attempts(t.connect_attempts);
  out->set_connected(t.connected);
  out->set_sessions_opened(t.sessions_opened);
  FillLatency(t.connect_time, Detail::kNumbers, out->mutable_connect_time());
  out->set_alive_at_end(t.alive_at_end);
  out->set_connected_at_end(t.connected_at_end);
  if (t.longest_silence.ns > 0) out->set_longest_silence_s(ToSeconds(t.longest_silence));
  for (int observer = 0; observer < kDeclarers; ++observer) {
    for (int reason = 0; reason < kCloseReasons; ++reason) {
      if (t.closed[observer][reason] == 0) continue;
      summary_pb::CloseCount* c = out->add_closes();
      c->set_observer(ObserverName(static_cast<Observer>(observer + 1)));
      c->set_reason(CloseReasonText(reason));
      c->set_count(t.closed[observer][reason]);
    }
  }
}

void FillConservation(const Tally& t, summary_pb::Conservation* out) {
  for (int d = 0; d < 2; ++d) {
    summary_pb::PacketBalance* b = d == kUp ? out->mutable_up() : out->mutable_down();
    b->set_sent(t.sent[d]);
    b->set_delivered(t.delivered[d]);
    b->set_dropped(t.dropped[d]);
    b->set_in_flight(t.in_flight[d]);
  }
}

int64_t WillsDelivered(const Tally& t) {
  int64_t sum = 0;
  for (const int64_t n : t.wills_delivered) sum += n;
  return sum;
}

// What the run and its groups have in common.
template <typename Message>
void FillCommon(const Tally& t, double horizon_days, Detail detail, Message* out) {
  const double days = horizon_days * static_cast<double>(t.clients);
  out->set_clients(t.clients);
  out->set_client_days(days);
  out->set_events(t.events);
  FillDetections(t, detail, out->mutable_detection());
  FillDeclarations(t, Observer::kBroker, days, out->mutable_declarations()->mutable_broker());
  FillDeclarations(t, Observer::kClient, days, out->mutable_declarations()->mutable_client());
  FillQos(t, out->mutable_qos());
  FillCost(t, days, out->mutable_cost());
  out->mutable_undetected()->set_broker(UndetectedCount(t, 0));
  out->mutable_undetected()->set_client(UndetectedCount(t, 1));
  FillFailures(t, out->mutable_failures());
  FillConnections(t, out->mutable_connections());
  FillConservation(t, out->mutable_conservation());
  out->set_wills_published(t.wills_published);
  out->set_wills_delivered(WillsDelivered(t));
  if (t.clients > 0) {
    out->set_connected_share_at_end(static_cast<double>(t.connected_at_end) /
                                    static_cast<double>(t.clients));
  }
}

void FillTimeLine(const Accumulator& metrics, summary_pb::TimeLine* out) {
  out->set_bin_s(ToSeconds(metrics.bin_width()));
  for (const TimeBin& b : metrics.bins()) {
    out->add_broker_true(b.declared[0][0]);
    out->add_broker_transient(b.declared[0][1]);
    out->add_broker_false(b.declared[0][2]);
    out->add_client_true(b.declared[1][0]);
    out->add_client_transient(b.declared[1][1]);
    out->add_client_false(b.declared[1][2]);
    out->add_connect_attempts(b.connect_attempts);
    out->add_sessions_opened(b.sessions_opened);
    out->add_failures(b.failures);
  }
}

void FillIncident(const Incident& i, const RunShape& shape, summary_pb::IncidentSummary* out) {
  for (const GroupShape& g : shape.groups) {
    if (i.entity < g.first_entity || i.entity - g.first_entity >= g.count) continue;
    out->set_group(g.name);
    out->set_client(i.entity - g.first_entity);
  }
  out->set_incident(i.number);
  out->set_connection(i.conn);
  out->set_observer(ObserverName(i.observer));
  out->set_verdict(VerdictName(i.verdict));
  out->set_failure(FailureKindName(i.failure));
  out->set_cause(CauseName(i.cause));
  out->set_declared_s(ToSeconds(i.declared));
  out->set_silence_s(ToSeconds(i.silence));
  out->set_evidence(EvidenceWords(i.evidence));
  if (i.onset == kNever) return;
  out->set_onset_s(ToSeconds(i.onset));
  out->set_latency_s(ToSeconds(i.latency));
}

}  // namespace

std::string EvidenceWords(const Evidence& e) {
  std::vector<std::string> words;
  const auto plural = [](int n) { return n == 1 ? "" : "s"; };
  if (e.lost > 0) {
    words.push_back(absl::StrCat(e.lost, " transmission", plural(e.lost), " from the peer lost"));
  }
  if (e.reply_lost > 0) {
    words.push_back(
        absl::StrCat(e.reply_lost, " transmission", plural(e.reply_lost), " to the peer lost"));
  }
  if (e.undelivered > 0) {
    words.push_back(
        absl::StrCat(e.undelivered, " packet", plural(e.undelivered), " not yet arrived"));
  }
  static constexpr std::pair<uint16_t, const char*> kFlags[] = {
      {Evidence::kPathWasCut, "path cut within the silence"},
      {Evidence::kMappingLost, "middlebox had lost the mapping"},
      {Evidence::kPeerStalled, "peer stood still for a while"},
      {Evidence::kObserverStalled, "observer stood still for a while"},
      {Evidence::kPeerSilentByRule, "peer ran and wrote nothing"},
      {Evidence::kClockDrifts, "client's clock explains it"},
      {Evidence::kRequestUndelivered, "its own packets still on their way"},
      {Evidence::kPeerBusy, "broker had not yet handled what had arrived"},
      {Evidence::kEarlyCheck, "declared before the limit by rounding"},
      {Evidence::kLateCheck, "limit had passed before the check"}};
  for (const auto& [flag, word] : kFlags) {
    if (e.flags & flag) words.push_back(word);
  }
  return absl::StrJoin(words, ", ");
}

RunSummary Summarize(const Accumulator& metrics, const RunFacts& facts) {
  const RunShape& shape = metrics.shape();
  RunSummary s;
  s.set_scenario(facts.scenario);
  s.set_seed(facts.seed);
  s.set_engine_version(facts.engine_version);
  s.set_digest(facts.digest);
  s.set_horizon_s(ToSeconds(shape.horizon));
  s.set_engine_events(facts.engine_events);
  s.set_scenario_digest(facts.scenario_digest);
  s.set_question(facts.question);
  s.set_reading(facts.reading);
  for (const std::string& o : facts.overrides) s.add_overrides(o);
  s.set_repro(facts.repro);
  s.set_build_commit(facts.build_commit);
  s.set_trace(facts.trace);
  s.set_violations(facts.violations);
  s.set_wall_s(facts.wall_s);
  s.set_threads(facts.threads);

  const double horizon_days = s.horizon_s() / kSecondsPerDay;
  const Tally total = metrics.Total();
  FillCommon(total, horizon_days, Detail::kPlots, &s);
  s.set_wills_published_false(total.wills_published_false);
  for (size_t g = 0; g < shape.groups.size(); ++g) {
    summary_pb::GroupSummary* group = s.add_groups();
    group->set_name(shape.groups[g].name);
    FillCommon(metrics.groups()[g], horizon_days, Detail::kNumbers, group);
  }
  for (size_t w = 0; w < total.wills_delivered.size(); ++w) {
    summary_pb::WatcherSummary* watcher = s.add_watchers();
    watcher->set_name(w < shape.watchers.size() ? shape.watchers[w] : absl::StrCat(w));
    watcher->set_wills_delivered(total.wills_delivered[w]);
    FillLatency(total.detection_by_watcher[w], Detail::kNumbers, watcher->mutable_detection());
  }
  FillTimeLine(metrics, s.mutable_time_line());
  s.set_incident_count(metrics.incident_count());
  for (const Incident& i : metrics.WorstIncidents()) FillIncident(i, shape, s.add_incidents());
  return s;
}

}  // namespace keepsim
