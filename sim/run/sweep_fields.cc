#include "sim/run/sweep_fields.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/base/spelling.h"
#include "sim/metrics/metric_path.h"
#include "sim/run/sweep_value.h"
#include "sim/scenario/compile_profile.h"

namespace keepsim {
namespace {

// "groups[0].keep_alive" -> "keep_alive".
std::string LastName(absl::string_view path) {
  std::string name(path.substr(path.rfind('.') + 1));  // npos + 1 is 0
  return name.substr(0, name.find('['));
}

bool IsName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Columns of the store's views, beside which every field has one (sim/run/store.cc).
constexpr const char* kColumns[] = {"point",          "seed",   "status",   "error",
                                    "digest",         "result", "of_group", "scenario_digest",
                                    "engine_version", "metric"};

// "" if a column may be called so. SQL does not tell capitals from small letters.
std::string WhyNoColumn(const std::string& name, std::set<std::string>& names) {
  const std::string column = absl::AsciiStrToLower(name);
  if (std::find(std::begin(kColumns), std::end(kColumns), column) != std::end(kColumns)) {
    return absl::StrCat("\"", name,
                        "\" is a column of every sweep's results; give this one another "
                        "name");
  }
  if (names.insert(column).second) return "";
  return absl::StrCat("\"", name,
                      "\" is the name of an earlier field, capitals aside; give this one another "
                      "name");
}

absl::StatusOr<std::vector<std::string>> ValuesOf(const pb::AxisField& field) {
  const int ways = (field.values_size() > 0) + field.has_range() + field.has_log_range() +
                   (field.profiles() != 0);
  if (ways != 1) {
    return absl::InvalidArgumentError(
        "needs values, range, log_range or profiles, and only one of them");
  }
  if (field.has_range()) return Expand(field.range());
  if (field.has_log_range()) return Expand(field.log_range());
  if (field.profiles() != 0) return BuiltInProfiles(field.profiles() == pb::CLIENTS);
  return std::vector<std::string>(field.values().begin(), field.values().end());
}

SweepField LoadField(const Node& node, std::set<std::string>& names) {
  const auto& field = static_cast<const pb::AxisField&>(node.message());
  SweepField out;
  out.paths.assign(field.path().begin(), field.path().end());
  if (out.paths.empty()) node.Error("path", "is required, such as \"groups[0].keep_alive\"");
  for (int p = 0; p < field.path_size(); ++p) {
    if (field.path(p) == "seed") {
      node.Error("path", "the seed is no axis: every point has the same; use replications", p);
    } else if (absl::StrContains(field.path(p), '=')) {
      node.Error("path", "is a path alone; its values stand in `values`", p);
    }
  }
  out.name = field.name();
  if (out.name.empty() && !out.paths.empty()) out.name = LastName(out.paths[0]);
  if (out.paths.empty() && out.name.empty()) {
    // Said above.
  } else if (!IsName(out.name)) {
    node.Error("name", absl::StrCat("\"", out.name, "\" is no name of [A-Za-z0-9_]+"));
  } else if (const std::string why = WhyNoColumn(out.name, names); !why.empty()) {
    node.Error("name", why);
  }
  (void)node.Enum("profiles");
  auto values = ValuesOf(field);
  if (!values.ok()) {
    const char* at = field.has_range() ? "range" : field.has_log_range() ? "log_range" : "";
    node.Error(at, values.status().message());
    return out;
  }
  out.values = *std::move(values);
  if (out.values.size() > kMostAxisValues) {
    node.Error("values", absl::StrCat("at most ", kMostAxisValues, " values"));
  }
  return out;
}

// The fields of an axis tell its values apart, all together.
void CheckDistinct(const Node& node, const SweepAxis& axis) {
  std::set<std::vector<std::string>> seen;
  for (size_t i = 0; i < axis.size(); ++i) {
    std::vector<std::string> values;
    for (const SweepField& f : axis.fields) values.push_back(f.values[i]);
    if (seen.insert(values).second) continue;
    node.Child("fields", 0)
        .Error("values", absl::StrCat("\"", absl::StrJoin(values, ", "), "\" stands here twice"),
               static_cast<int>(i));
  }
}

}  // namespace

SweepAxis LoadAxis(const Node& node, std::set<std::string>& names) {
  const auto& proto = static_cast<const pb::Axis&>(node.message());
  SweepAxis axis;
  axis.given = proto.given();
  if (proto.fields_size() == 0) node.Error("fields", "at least one field is required");
  for (int i = 0; i < proto.fields_size(); ++i) {
    const Node child = node.Child("fields", i);
    SweepField field = LoadField(child, names);
    if (!axis.fields.empty() && !field.values.empty() && field.values.size() != axis.size()) {
      child.Error("", absl::StrCat("has ", field.values.size(), " values, the first field of this ",
                                   "axis ", axis.size(), "; they change together"));
    }
    axis.fields.push_back(std::move(field));
  }
  const bool equal = std::all_of(axis.fields.begin(), axis.fields.end(), [&](const SweepField& f) {
    return f.values.size() == axis.fields[0].values.size();
  });
  if (equal) CheckDistinct(node, axis);
  return axis;
}

SweepUntil LoadUntil(const Node& node, const pb::Scenario& base) {
  const auto& proto = static_cast<const pb::Until&>(node.message());
  SweepUntil until;
  until.metric = proto.metric();
  until.group = proto.group();
  CheckMetric(node, until.metric, until.group, base);
  until.relative_half_width = proto.relative_half_width();
  until.half_width = proto.half_width();
  if (!(until.relative_half_width >= 0 && until.relative_half_width <= 10)) {
    node.Error("relative_half_width",
               absl::StrCat(until.relative_half_width, " is out of range (0, 10]"));
  }
  if (!(until.half_width >= 0) || std::isinf(until.half_width)) {
    node.Error("half_width", absl::StrCat(until.half_width, " must be above 0"));
  }
  if (until.relative_half_width == 0 && until.half_width == 0) {
    node.Error("", "needs relative_half_width, such as 0.05, or half_width");
  }
  const auto number = [&](const char* name, uint32_t value, uint32_t otherwise, uint32_t low) {
    if (value == 0) return otherwise;
    if (value < low || value > kMostReplications) {
      node.Error(name,
                 absl::StrCat(value, " is out of range [", low, ", ", kMostReplications, "]"));
    }
    return value;
  };
  until.least = number("least", proto.least(), 10, 2);
  until.most = number("most", proto.most(), std::max(1000u, until.least), until.least);
  until.batch = number("batch", proto.batch(), until.least, 1);
  return until;
}

void CheckMetric(const Node& node, const std::string& metric, const std::string& group,
                 const pb::Scenario& base) {
  if (const absl::Status s = CheckMetricPath(metric, !group.empty()); !s.ok()) {
    node.Error("metric", s.message());
  }
  std::vector<std::string> groups;
  for (const pb::Group& g : base.groups()) groups.push_back(g.name());
  if (group.empty() || std::find(groups.begin(), groups.end(), group) != groups.end()) return;
  node.Error("group", absl::StrCat("there is no group \"", group, "\"", DidYouMean(group, groups)));
}

}  // namespace keepsim
