#include "sim/run/summary.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "sim/base/stats.h"
#include "sim/mqtt/packet.h"  // lint: allow(layer) names of the packet types
#include "sim/trace/engine_version.h"

namespace keepsim {
namespace {

constexpr double kDay = 86400;

void FillLatency(const Histogram& h, pb::Latency* out) {
  out->set_count(h.count());
  if (h.count() == 0) return;
  out->set_min_s(ToSeconds(h.min()));
  out->set_p50_s(ToSeconds(h.Quantile(500000)));
  out->set_p90_s(ToSeconds(h.Quantile(900000)));
  out->set_p99_s(ToSeconds(h.Quantile(990000)));
  out->set_max_s(ToSeconds(h.max()));
  out->set_mean_s(ToSeconds(h.mean()));
  // Ten equal bins from the smallest to the largest, for small pictures.
  constexpr int kBins = 10;
  const double low = out->min_s();
  const double width = std::max((out->max_s() - low) / kBins, 1e-9);
  for (int i = 0; i < kBins; ++i) {
    pb::HistogramBin* bin = out->add_bins();
    bin->set_low_s(low + i * width);
    bin->set_high_s(low + (i + 1) * width);
  }
  for (const Histogram::Cell& cell : h.NonEmptyCells()) {
    const double middle =
        std::clamp((ToSeconds(cell.low) + ToSeconds(cell.high)) / 2, low, out->max_s());
    const int i = std::min(static_cast<int>((middle - low) / width), kBins - 1);
    out->mutable_bins(i)->set_count(out->bins(i).count() + cell.count);
  }
}

void FillDetections(const Tally& t, pb::Detections* out) {
  FillLatency(t.Detection(Observer::kBroker), out->mutable_broker());
  FillLatency(t.Detection(Observer::kClient), out->mutable_client());
  FillLatency(t.Detection(Observer::kWatcher), out->mutable_watcher());
}

void FillDeclarations(const Tally& t, Observer observer, double days, pb::Declarations* out) {
  out->set_true_count(t.DeclaredCount(observer, Verdict::kTrue));
  out->set_transient_count(t.DeclaredCount(observer, Verdict::kTransient));
  out->set_false_count(t.DeclaredCount(observer, Verdict::kFalse));
  for (const Verdict v : {Verdict::kTransient, Verdict::kFalse}) {
    for (int c = 0; c < kCauses; ++c) {
      const int64_t n = t.declared[Index(observer)][static_cast<int>(v)][c];
      if (n > 0) (*out->mutable_causes())[CauseName(static_cast<Cause>(c))] += n;
    }
  }
  if (days <= 0) return;
  const ConfidenceInterval ci = PoissonRateInterval(out->false_count(), days);
  out->set_false_per_client_day(static_cast<double>(out->false_count()) / days);
  out->set_ci95_low(ci.low);
  out->set_ci95_high(ci.high);
}

void FillCost(const Tally& t, double days, pb::Cost* out) {
  if (days <= 0) return;
  int64_t packets[2] = {0, 0};
  int64_t bytes[2] = {0, 0};
  for (int d = 0; d < 2; ++d) {
    for (int type = 0; type < kMqttPacketTypes; ++type) {
      if (t.packets[d][type] == 0) continue;
      packets[d] += t.packets[d][type];
      bytes[d] += t.bytes[d][type];
      pb::PacketCost* p = out->add_packets();
      p->set_type(PacketTypeName(static_cast<PacketType>(type)));
      p->set_direction(d == kUp ? "up" : "down");
      p->set_packets(t.packets[d][type]);
      p->set_bytes(t.bytes[d][type]);
    }
  }
  const auto per_day = [&](int64_t n) { return static_cast<double>(n) / days; };
  out->set_packets_up_per_client_day(per_day(packets[kUp]));
  out->set_packets_down_per_client_day(per_day(packets[kDown]));
  out->set_bytes_up_per_client_day(per_day(bytes[kUp]));
  out->set_bytes_down_per_client_day(per_day(bytes[kDown]));
  out->set_wire_bytes_per_client_day(per_day(t.wire_bytes[0] + t.wire_bytes[1]));
  out->set_segments_per_client_day(per_day(t.segments[0] + t.segments[1]));
  out->set_radio_wakeups_per_client_day(per_day(t.radio_wakeups));
  if (t.pings > 0) {
    out->set_ping_rtt_mean_s(static_cast<double>(t.ping_rtt_ns) / 1e9 /
                             static_cast<double>(t.pings));
  }
}

void FillQos(const Tally& t, pb::Qos* out) {
  const double days = static_cast<double>(t.observed_ns) / 1e9 / kDay;
  out->set_observed_client_days(days);
  if (days <= 0) return;
  const ConfidenceInterval ci = PoissonRateInterval(t.mistakes, days);
  out->set_mistake_rate_per_client_day(static_cast<double>(t.mistakes) / days);
  out->set_ci95_low(ci.low);
  out->set_ci95_high(ci.high);
  out->set_query_accuracy(1 -
                          static_cast<double>(t.suspected_ns) / static_cast<double>(t.observed_ns));
  out->set_mistake_duration_mean_s(ToSeconds(t.mistake_duration.mean()));
  out->set_mistake_recurrence_mean_s(ToSeconds(t.mistake_recurrence.mean()));
  out->set_good_period_mean_s(ToSeconds(t.good_period.mean()));
}

double ConnectedShare(const Tally& t) {
  return t.clients == 0 ? 0
                        : static_cast<double>(t.connected_at_end) / static_cast<double>(t.clients);
}

int64_t Delivered(const Tally& t) {
  int64_t n = 0;
  for (const int64_t d : t.wills_delivered) n += d;
  return n;
}

std::vector<std::string> NamesOf(const google::protobuf::Descriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) names.push_back(type->field(i)->name());
  return names;
}

void CheckExpectation(const pb::Expectation& e, pb::RunSummary* summary) {
  pb::ExpectationResult* r = summary->add_expectations();
  r->set_metric(e.metric());
  r->set_group(e.group());
  const auto value = LookupMetric(*summary, e.metric(), e.group());
  if (!value.ok()) {
    r->set_text(std::string(value.status().message()));
    return;
  }
  r->set_value(*value);
  r->set_met((!e.has_at_least() || *value >= e.at_least()) &&
             (!e.has_at_most() || *value <= e.at_most()) &&
             (!e.has_equals() || *value == e.equals()));
  std::string text = absl::StrCat(e.metric(), " = ", *value);
  if (!e.group().empty()) text = absl::StrCat(e.group(), ": ", text);
  if (e.has_at_least()) absl::StrAppend(&text, ", at least ", e.at_least());
  if (e.has_at_most()) absl::StrAppend(&text, ", at most ", e.at_most());
  if (e.has_equals()) absl::StrAppend(&text, ", exactly ", e.equals());
  if (!e.why().empty()) absl::StrAppend(&text, "  (", e.why(), ")");
  r->set_text(text);
}

}  // namespace

pb::RunSummary Summarize(const RunResult& result, const Plan& plan,
                         const LoadedScenario& scenario) {
  pb::RunSummary s;
  s.set_scenario(plan.scenario_name);
  s.set_seed(plan.seed);
  s.set_engine_version(kEngineVersion);
  s.set_digest(result.digest.Hex());
  s.set_scenario_digest(ScenarioDigest(scenario.proto));
  s.set_clients(plan.client_count());
  s.set_horizon_s(ToSeconds(plan.horizon));
  s.set_events(result.events);
  s.set_engine_events(result.engine_events);
  s.set_question(scenario.proto.question());
  s.set_reading(scenario.proto.reading());
  for (const std::string& o : scenario.overrides) s.add_overrides(o);
  s.set_wall_s(result.wall_s);
  s.set_threads(result.threads);
  s.set_violations(result.checks->total());

  const double horizon_days = s.horizon_s() / kDay;
  const Tally total = result.metrics->Total();
  const double days = horizon_days * static_cast<double>(total.clients);
  FillDetections(total, s.mutable_detection());
  FillDeclarations(total, Observer::kBroker, days, s.mutable_declarations()->mutable_broker());
  FillDeclarations(total, Observer::kClient, days, s.mutable_declarations()->mutable_client());
  FillQos(total, s.mutable_qos());
  FillCost(total, days, s.mutable_cost());
  s.set_connected_share_at_end(ConnectedShare(total));
  s.set_wills_published(total.wills_published);
  s.set_wills_delivered(Delivered(total));
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    const Tally& t = result.metrics->groups()[i];
    const double group_days = horizon_days * static_cast<double>(t.clients);
    pb::GroupSummary* g = s.add_groups();
    g->set_name(plan.groups[i].name);
    g->set_clients(t.clients);
    FillDetections(t, g->mutable_detection());
    FillDeclarations(t, Observer::kBroker, group_days, g->mutable_declarations()->mutable_broker());
    FillDeclarations(t, Observer::kClient, group_days, g->mutable_declarations()->mutable_client());
    FillCost(t, group_days, g->mutable_cost());
    g->set_connected_share_at_end(ConnectedShare(t));
    g->set_wills_published(t.wills_published);
    g->set_wills_delivered(Delivered(t));
  }
  s.set_incident_count(result.metrics->incident_count());
  for (const Incident& i : result.metrics->WorstIncidents()) {
    size_t g = 0;
    while (g + 1 < plan.groups.size() && plan.groups[g + 1].first_entity <= i.entity) ++g;
    pb::IncidentSummary* out = s.add_incidents();
    out->set_incident(i.number);
    out->set_group(plan.groups[g].name);
    out->set_client(i.entity - plan.groups[g].first_entity);
    out->set_observer(ObserverName(i.observer));
    out->set_verdict(VerdictName(i.verdict));
    out->set_failure(FailureKindName(i.failure));
    out->set_cause(CauseName(i.cause));
    out->set_onset_s(i.onset == kNever ? -1 : ToSeconds(i.onset));
    out->set_declared_s(ToSeconds(i.declared));
    out->set_latency_s(ToSeconds(i.latency));
    out->set_silence_s(ToSeconds(i.silence));
  }
  for (const pb::Expectation& e : scenario.proto.expectations()) CheckExpectation(e, &s);
  return s;
}

absl::StatusOr<double> LookupMetric(const pb::RunSummary& summary, absl::string_view path,
                                    absl::string_view group) {
  const google::protobuf::Message* m = &summary;
  if (!group.empty()) {
    m = nullptr;
    for (const pb::GroupSummary& g : summary.groups()) {
      if (g.name() == group) m = &g;
    }
    if (m == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("there is no group \"", group, "\""));
    }
  }
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const google::protobuf::Descriptor* type = m->GetDescriptor();
    const google::protobuf::FieldDescriptor* f = type->FindFieldByName(parts[i]);
    using Field = google::protobuf::FieldDescriptor;
    if (f == nullptr || f->is_repeated()) {
      return absl::InvalidArgumentError(absl::StrCat("there is no metric \"", path, "\": \"",
                                                     parts[i], "\" is not in ", type->name(),
                                                     DidYouMean(parts[i], NamesOf(type))));
    }
    const google::protobuf::Reflection* r = m->GetReflection();
    const bool last = i + 1 == parts.size();
    switch (f->cpp_type()) {
      case Field::CPPTYPE_MESSAGE:
        if (last) break;
        m = &r->GetMessage(*m, f);
        continue;
      case Field::CPPTYPE_DOUBLE:
        if (last) return r->GetDouble(*m, f);
        break;
      case Field::CPPTYPE_INT64:
        if (last) return static_cast<double>(r->GetInt64(*m, f));
        break;
      case Field::CPPTYPE_UINT64:
        if (last) return static_cast<double>(r->GetUInt64(*m, f));
        break;
      default:
        break;
    }
    return absl::InvalidArgumentError(absl::StrCat("\"", path, "\" is not a number"));
  }
  return absl::InvalidArgumentError("an expectation needs a metric");
}

bool ExpectationsMet(const pb::RunSummary& summary) {
  return std::all_of(summary.expectations().begin(), summary.expectations().end(),
                     [](const pb::ExpectationResult& e) { return e.met(); });
}

std::string ToJson(const pb::RunSummary& summary) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(summary, &json, options);
  return json;
}

}  // namespace keepsim
