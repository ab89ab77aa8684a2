#include "sim/run/sweep_definition.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "sim/base/check.h"
#include "sim/base/status_macros.h"
#include "sim/run/store.h"

namespace keepsim {
namespace {

SweepAxis AxisOf(const pb::Axis& proto) {
  SweepAxis axis;
  axis.given = proto.given();
  for (const pb::AxisField& f : proto.fields()) {
    axis.fields.push_back(
        {f.name(), {f.path().begin(), f.path().end()}, {f.values().begin(), f.values().end()}});
  }
  return axis;
}

// Which of its values the axis has at a point; its size if none.
uint32_t IndexOf(const SweepAxis& axis, const std::map<std::string, std::string>& values) {
  uint32_t i = 0;
  const auto has = [&](const SweepField& f) {
    const auto at = values.find(f.name);
    return at != values.end() && at->second == f.values[i];
  };
  while (i < axis.size() && !std::all_of(axis.fields.begin(), axis.fields.end(), has)) ++i;
  return i;
}

}  // namespace

void AddCommonFields(const Sweep& sweep, pb::Sweep* proto) {
  for (const SweepMetric& m : sweep.metrics) {
    pb::ReportedMetric* metric = proto->add_metrics();
    metric->set_metric(m.metric);
    metric->set_group(m.group);
    metric->set_better(m.better);
  }
  if (!sweep.until) return;
  pb::Until* until = proto->mutable_until();
  until->set_metric(sweep.until->metric);
  until->set_group(sweep.until->group);
  until->set_relative_half_width(sweep.until->relative_half_width);
  until->set_half_width(sweep.until->half_width);
  until->set_least(sweep.until->least);
  until->set_most(sweep.until->most);
  until->set_batch(sweep.until->batch);
}

std::string DefinitionOf(const Sweep& sweep) {
  pb::Sweep proto;
  proto.set_name(sweep.name);
  proto.set_question(sweep.question);
  proto.set_reading(sweep.reading);
  if (!sweep.base_file.empty()) proto.set_scenario(sweep.base_file);
  for (const std::string& o : sweep.base.overrides) proto.add_set(o);
  for (const SweepAxis& a : sweep.axes) {
    pb::Axis* axis = proto.add_axes();
    axis->set_given(a.given);
    for (const SweepField& f : a.fields) {
      pb::AxisField* field = axis->add_fields();
      field->set_name(f.name);
      for (const std::string& path : f.paths) field->add_path(path);
      for (const std::string& value : f.values) field->add_values(value);
    }
  }
  AddCommonFields(sweep, &proto);
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  SIM_CHECK(google::protobuf::util::MessageToJsonString(proto, &json, options).ok());
  return json;
}

absl::StatusOr<Sweep> SweepOfStore(Store& store) {
  const auto fact = [&](const char* name) {
    const auto at = store.facts().find(name);
    return at == store.facts().end() ? std::string() : at->second;
  };
  pb::Sweep proto;
  const std::string definition = fact("definition");
  if (definition.empty() || !google::protobuf::util::JsonStringToMessage(definition, &proto).ok()) {
    return absl::FailedPreconditionError(
        "the store does not say what varies in its sweep; `keepsim sweep FILE --out DIR` with its "
        "sweep file adds that, and runs nothing that is there");
  }
  Sweep sweep;
  sweep.file = fact("file");
  sweep.name = proto.name();
  sweep.question = proto.question();
  sweep.reading = proto.reading();
  sweep.base_file = proto.scenario();
  sweep.base.overrides.assign(proto.set().begin(), proto.set().end());
  sweep.digest = fact("sweep_digest");
  if (!fact("command").empty()) sweep.command = fact("command");
  (void)absl::SimpleAtoi(fact("first_seed"), &sweep.first_seed);
  (void)absl::SimpleAtoi(fact("replications"), &sweep.replications);
  if (proto.has_until()) {
    const pb::Until& u = proto.until();
    sweep.until =
        SweepUntil{u.metric(), u.group(), u.relative_half_width(), u.half_width(), u.least(),
                   u.most(),   u.batch()};
    sweep.replications = u.most();
  }
  for (const pb::Axis& a : proto.axes()) sweep.axes.push_back(AxisOf(a));
  for (const pb::ReportedMetric& m : proto.metrics()) {
    sweep.metrics.push_back({m.metric(), m.group(), m.better()});
  }
  KEEPSIM_ASSIGN_OR_RETURN(const auto points, store.PointValues());
  for (const auto& values : points) {
    SweepPoint point;
    point.number = static_cast<uint32_t>(sweep.points.size());
    for (const SweepAxis& a : sweep.axes) {
      point.index.push_back(IndexOf(a, values));
      if (point.index.back() < a.size()) continue;
      return absl::FailedPreconditionError(absl::StrCat("the store is damaged: point ",
                                                        sweep.points.size(),
                                                        " has values that its sweep has not"));
    }
    sweep.points.push_back(std::move(point));
  }
  return sweep;
}

}  // namespace keepsim
