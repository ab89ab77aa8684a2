#include "tools/probe/probe_summary.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/live/reason_text.h"
#include "sim/mqtt/profile_name.h"

namespace keepsim {
namespace {

std::vector<Duration> Sorted(std::vector<Duration> values) {
  std::sort(values.begin(), values.end());
  return values;
}

// The smallest value with at least `percent` of all at or below it.
Duration Rank(const std::vector<Duration>& sorted, size_t percent) {
  const size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<size_t>(rank, 1) - 1];
}

probe_pb::Times TimesOf(const Histogram& h) {
  probe_pb::Times t;
  t.set_count(h.count());
  if (h.count() == 0) return t;
  t.set_min_s(ToSeconds(h.min()));
  t.set_p50_s(ToSeconds(h.Quantile(500000)));
  t.set_p90_s(ToSeconds(h.Quantile(900000)));
  t.set_p99_s(ToSeconds(h.Quantile(990000)));
  t.set_max_s(ToSeconds(h.max()));
  t.set_mean_s(ToSeconds(h.mean()));
  return t;
}

void AddConnections(const ProbeOptions& o, const ProbeResult& r, probe_pb::Connections* c) {
  c->set_attempts(r.attempts);
  c->set_accepted(r.accepted);
  for (const auto& [code, count] : r.connack_codes) {
    probe_pb::ConnackCode* const k = c->add_connack();
    k->set_code(code);
    k->set_text(ReasonText(o.connect.version, code));
    k->set_count(count);
  }
  *c->mutable_tcp() = TimesOf(Sorted(r.tcp_times));
  *c->mutable_tls() = TimesOf(Sorted(r.tls_times));
  *c->mutable_connack_time() = TimesOf(Sorted(r.connack_times));
}

void AddSilence(const ProbeResult& r, probe_pb::Silence* out) {
  std::vector<Duration> closed;
  std::vector<Duration> wills;
  Duration longest_open{0};
  for (const SilenceSample& s : r.silences) {
    probe_pb::SilenceSample* const row = out->add_samples();
    row->set_client(s.client);
    row->set_last_packet_at_s(ToSeconds(s.sent.back().at));
    row->set_last_packet(PacketTypeName(s.sent.back().type));
    row->set_after_connect_s(ToSeconds(s.sent.back().at - s.sent.front().at));
    row->set_silence_s(ToSeconds(s.silence()));
    row->set_closed(s.closed);
    row->set_how(s.how);
    if (!s.closed) {
      out->set_open(out->open() + 1);
      longest_open = std::max(longest_open, s.silence());
      out->set_longest_open_s(ToSeconds(longest_open));
      continue;
    }
    closed.push_back(s.silence());
    if (s.will == kNever) continue;
    wills.push_back(s.will - s.ended);
    row->set_will_after_s(ToSeconds(wills.back()));
  }
  *out->mutable_closed() = TimesOf(Sorted(closed));
  *out->mutable_will_after() = TimesOf(Sorted(wills));
}

void AddDrops(const ProbeResult& r, probe_pb::Drops* out) {
  std::vector<Duration> after[2];
  for (const DropSample& d : r.drops) {
    if (d.will == kNever) {
      out->set_without_will(out->without_will() + 1);
    } else {
      after[d.reset].push_back(d.will - d.at);
    }
  }
  *out->mutable_fin() = TimesOf(Sorted(after[0]));
  *out->mutable_reset() = TimesOf(Sorted(after[1]));
}

}  // namespace

probe_pb::Times TimesOf(const std::vector<Duration>& sorted) {
  probe_pb::Times t;
  t.set_count(static_cast<int64_t>(sorted.size()));
  if (sorted.empty()) return t;
  Duration sum{0};
  for (const Duration d : sorted) sum += d;
  t.set_min_s(ToSeconds(sorted.front()));
  t.set_p50_s(ToSeconds(Rank(sorted, 50)));
  t.set_p90_s(ToSeconds(Rank(sorted, 90)));
  t.set_p99_s(ToSeconds(Rank(sorted, 99)));
  t.set_max_s(ToSeconds(sorted.back()));
  t.set_mean_s(ToSeconds(sum / static_cast<int64_t>(sorted.size())));
  return t;
}

BrokerFits FitOf(const ProbeOptions& options, const ProbeResult& result) {
  Duration median{0};
  Duration error = result.lateness.Quantile(990000);
  if (!result.round_trips.empty()) {
    const std::vector<Duration> sorted = Sorted(result.round_trips);
    median = Rank(sorted, 50);
    error = std::max(error, Rank(sorted, 90) - Rank(sorted, 10));
  }
  return FitBrokers(result.silences, options.connect.version, median, error);
}

ProbeSummary SummaryOf(const ProbeOptions& o, const ProbeResult& r, const BrokerFits& fits,
                       const std::string& broker) {
  ProbeSummary s;
  s.set_broker(broker);
  s.set_address(r.address);
  s.set_tls(r.tls);
  s.set_mqtt_version(o.connect.version == MqttVersion::kV5 ? "5.0" : "3.1.1");
  s.set_client(FullName(o.profile));
  s.set_keep_alive_s(o.connect.keep_alive_s);
  if (r.has_server_keep_alive) s.set_server_keep_alive_s(r.server_keep_alive_s);
  s.set_ran_s(ToSeconds(r.ran));
  s.set_complete(r.contact && r.missing.empty());
  for (const std::string& m : r.missing) s.add_missing(m);
  s.mutable_clients()->set_pinging(o.pinging);
  s.mutable_clients()->set_silent(o.silent);
  s.mutable_clients()->set_dropped(o.dropped);
  s.mutable_clients()->set_watchers(r.groups.back().name == "watcher" ? 1 : 0);
  AddConnections(o, r, s.mutable_connections());
  *s.mutable_pings()->mutable_round_trip() = TimesOf(Sorted(r.round_trips));
  s.mutable_pings()->set_unanswered(r.pings_unanswered);
  AddSilence(r, s.mutable_silence());
  for (const BrokerFit& f : fits.fits) {
    probe_pb::BrokerMatch* const row = s.add_broker_fit();
    row->set_profile(FullName(*f.profile));
    row->set_distance_s(ToSeconds(f.distance));
    row->set_largest_s(ToSeconds(f.largest));
    row->set_as_good_as_best(f.as_good_as_best);
  }
  s.mutable_fit_facts()->set_resolution_s(ToSeconds(fits.resolution));
  s.mutable_fit_facts()->set_limit_s(ToSeconds(fits.limit));
  s.mutable_fit_facts()->set_explained(fits.explained());
  AddDrops(r, s.mutable_drops());
  for (const ProbeIncident& i : r.incidents) {
    probe_pb::Incident* const row = s.add_incidents();
    row->set_at_s(ToSeconds(i.at));
    row->set_client(i.client);
    row->set_text(i.text);
  }
  s.set_incident_count(r.incident_count);
  *s.mutable_loop_lateness() = TimesOf(r.lateness);
  return s;
}

}  // namespace keepsim
