// From a sweep file to its points.
#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "sim/base/digest.h"
#include "sim/metrics/metric_path.h"
#include "sim/run/run_summary.h"
#include "sim/run/sweep.h"
#include "sim/run/sweep_cost.h"
#include "sim/run/sweep_fields.h"
#include "sim/run/sweep_filter.h"
#include "sim/run/sweep_value.h"
#include "sim/scenario/compile.h"
#include "sim/scenario/node.h"
#include "sim/scenario/text_file.h"

namespace keepsim {
namespace {

using google::protobuf::TextFormat;

constexpr int kMostAxes = 16;
class Loader {
 public:
  Loader(const pb::Sweep& proto, const Node& root, const FieldPlaces& places, const char* axes,
         const std::string& folder, Sweep* sweep, Diagnostics* diagnostics)
      : proto_(proto),
        places_(places),
        root_(root),
        axes_(axes),
        folder_(folder),
        sweep_(*sweep),
        diagnostics_(*diagnostics) {}

  void Load() {
    sweep_.judge_expectations = proto_.judge_expectations();
    LoadBase();
    std::set<std::string> names;
    for (int a = 0; a < proto_.axes_size(); ++a) {
      sweep_.axes.push_back(LoadAxis(root_.Child(axes_, a), names));
    }
    if (proto_.axes_size() > kMostAxes) root_.Error(axes_, "at most 16 of them");
    if (proto_.has_until()) {
      if (proto_.replications() > 0) {
        root_.Error("replications", "says how many, and `until` how long: leave out one of them");
      }
      sweep_.until = LoadUntil(root_.Child("until"), sweep_.base.proto);
    }
    LoadSeeds();
    LoadMetrics();
    if (!diagnostics_.ok()) return;
    MakePoints();
    if (!diagnostics_.ok()) return;
    if (!TryOverrides()) return;
    if (!proto_.part()) CompileRepresentatives();
    if (!diagnostics_.ok()) return;
    for (size_t p = 0; p < sweep_.points.size(); ++p) {
      sweep_.points[p].cost = EventsOf(sweep_.Scenario(p, sweep_.first_seed).proto);
    }
    MakeDigests();
  }

 private:
  // Where a value stands.
  struct Place {
    size_t axis = 0;
    uint32_t value = 0;
    friend bool operator<(const Place& a, const Place& b) {
      return a.axis != b.axis ? a.axis < b.axis : a.value < b.value;
    }
  };

  void LoadBase() {
    if (proto_.base_case() == pb::Sweep::kScenario) {
      const bool absolute = absl::StartsWith(proto_.scenario(), "/");
      const std::string path = absl::StrCat(absolute ? "" : folder_, proto_.scenario());
      const size_t slash = sweep_.file.rfind('/');
      sweep_.base_file = absl::StrCat(
          absolute || slash == std::string::npos ? "" : sweep_.file.substr(0, slash + 1),
          proto_.scenario());
      sweep_.base = keepsim::Load(path, diagnostics_);
      sweep_.base.file = sweep_.base_file;
    } else if (proto_.base_case() == pb::Sweep::kInlineScenario) {
      sweep_.base.proto = proto_.inline_scenario();
      sweep_.base.file = sweep_.file;
      const auto* field = root_.message().GetDescriptor()->FindFieldByName("inline_scenario");
      // Part of the whole tree, which it keeps.
      sweep_.base.places.tree = std::shared_ptr<TextFormat::ParseInfoTree>(
          places_.tree, places_.tree->GetTreeForNested(field, -1));
      if (sweep_.base.proto.name().empty()) sweep_.base.proto.set_name(sweep_.name);
    } else {
      root_.Error("scenario", "is required: a scenario file, or inline_scenario { ... }");
      return;
    }
    for (int i = 0; i < proto_.set_size(); ++i) {
      Diagnostics found;
      ApplyOverride(proto_.set(i), sweep_.base, found);
      for (const Diagnostic& d : found.items()) root_.Error("set", d.message, i);
    }
  }

  void LoadSeeds() {
    const uint64_t of_base = sweep_.base.proto.seed() == 0 ? 1 : sweep_.base.proto.seed();
    sweep_.first_seed = proto_.seed() == 0 ? of_base : proto_.seed();
    sweep_.replications = std::max(1u, proto_.replications());
    if (sweep_.until) sweep_.replications = sweep_.until->most;
    if (sweep_.replications > kMostReplications) {
      root_.Error("replications", absl::StrCat(sweep_.replications, " is out of range [1, ",
                                               kMostReplications, "]"));
    }
    constexpr uint64_t kLastSeed = INT64_MAX;  // SQLite's integers have a sign
    if (sweep_.first_seed > kLastSeed - (sweep_.replications - 1)) {
      root_.Error("seed", absl::StrCat("the last seed is at most ", kLastSeed));
    }
  }

  void LoadMetrics() {
    for (int i = 0; i < proto_.metrics_size(); ++i) {
      const Node node = root_.Child("metrics", i);
      const pb::ReportedMetric& m = proto_.metrics(i);
      CheckMetric(node, m.metric(), m.group(), sweep_.base.proto);
      node.Enum("better");
      sweep_.metrics.push_back({m.metric(), m.group(), m.better()});
    }
    if (sweep_.metrics.empty()) {
      for (const char* metric :
           {"detection.broker.p50_s", "detection.broker.p99_s",
            "declarations.broker.false_per_client_day", "cost.packets_per_client_day"}) {
        sweep_.metrics.push_back({metric, "", pb::ReportedMetric::BETTER_UNSPECIFIED});
      }
    }
    for (SweepMetric& m : sweep_.metrics) {
      if (m.better == pb::ReportedMetric::BETTER_UNSPECIFIED) m.better = DirectionOf(m.metric);
    }
  }

  void MakePoints() {
    std::vector<FilterField> fields;
    std::vector<size_t> axis_of;
    double total = sweep_.replications;
    for (size_t a = 0; a < sweep_.axes.size(); ++a) {
      total *= static_cast<double>(sweep_.axes[a].size());
      for (const SweepField& f : sweep_.axes[a].fields) {
        fields.push_back({f.name, {}});
        for (const std::string& v : f.values) fields.back().values.push_back(SweepValue::Parse(v));
        axis_of.push_back(a);
      }
    }
    if (total > static_cast<double>(kMostSweepRuns)) {
      return root_.Error(axes_, absl::StrCat(total, " runs; at most ", kMostSweepRuns));
    }
    std::vector<SweepFilter> filters;
    for (int i = 0; i < proto_.skip_size(); ++i) {
      auto filter = SweepFilter::Parse(proto_.skip(i), fields);
      if (!filter.ok()) {
        root_.Error("skip", filter.status().message(), i);
      } else {
        filters.push_back(*std::move(filter));
      }
    }
    if (!diagnostics_.ok()) return;
    // The last axis runs fastest.
    std::vector<uint32_t> index(sweep_.axes.size(), 0);
    for (bool more = true; more;) {
      const auto value_of = [&](size_t field) -> const SweepValue& {
        return fields[field].values[index[axis_of[field]]];
      };
      if (std::none_of(filters.begin(), filters.end(),
                       [&](const SweepFilter& f) { return f.Skips(value_of); })) {
        const auto number = static_cast<uint32_t>(sweep_.points.size());
        sweep_.points.push_back({index, number, 0});
      }
      more = false;
      for (size_t a = index.size(); a-- > 0;) {
        if (++index[a] < sweep_.axes[a].size()) {
          more = true;
          break;
        }
        index[a] = 0;
      }
    }
    if (sweep_.points.empty()) root_.Error("skip", "no point is left", proto_.skip_size() - 1);
  }

  // An error of a value, where the value stands.
  void AtValue(Place at, size_t field, const Diagnostic& d) {
    const Node node =
        root_.Child(axes_, static_cast<int>(at.axis)).Child("fields", static_cast<int>(field));
    const SweepField& f = sweep_.axes[at.axis].fields[field];
    const bool listed =
        proto_.axes(static_cast<int>(at.axis)).fields(static_cast<int>(field)).values_size() > 0;
    std::string text = d.path.empty() ? d.message : absl::StrCat(d.path, ": ", d.message);
    if (!listed) text = absl::StrCat(f.name, "=", f.values[at.value], ": ", text);
    const char* name = listed ? "values" : "";
    const int index = listed ? static_cast<int>(at.value) : -1;
    if (d.warning) {
      node.Warning(name, text, index);
    } else {
      node.Error(name, text, index);
    }
  }

  // True if every value can be given to its fields.
  bool TryOverrides() {
    for (size_t a = 0; a < sweep_.axes.size(); ++a) {
      for (size_t f = 0; f < sweep_.axes[a].fields.size(); ++f) {
        const SweepField& field = sweep_.axes[a].fields[f];
        for (size_t p = 0; p < field.paths.size(); ++p) {
          for (uint32_t v = 0; v < field.values.size(); ++v) {
            LoadedScenario scratch = sweep_.base;
            Diagnostics found;
            ApplyOverride(absl::StrCat(field.paths[p], "=", field.values[v]), scratch, found);
            if (found.ok()) continue;
            const Diagnostic& d = found.items()[0];
            // What is wrong with the path is wrong with it for every value.
            if (!absl::StartsWith(d.message, absl::StrCat("\"", field.values[v], "\" cannot be"))) {
              root_.Child(axes_, static_cast<int>(a))
                  .Child("fields", static_cast<int>(f))
                  .Error("path", d.message, static_cast<int>(p));
              break;
            }
            AtValue({a, v}, f, d);
          }
        }
      }
    }
    return diagnostics_.ok();
  }

  // For every value, the first point that has it is compiled: what goes wrong at all of them is
  // the base's fault, the rest a value's.
  void CompileRepresentatives() {
    std::map<Place, size_t> first;
    for (size_t p = 0; p < sweep_.points.size(); ++p) {
      for (size_t a = 0; a < sweep_.axes.size(); ++a) {
        first.emplace(Place{a, sweep_.points[p].index[a]}, p);
      }
    }
    std::set<size_t> points = {0};
    for (const auto& [place, point] : first) points.insert(point);
    struct Found {
      Diagnostic diagnostic;
      std::set<size_t> points;
    };
    std::map<std::string, Found> found;
    for (const size_t p : points) {
      Diagnostics at_point;
      const LoadedScenario scenario = sweep_.Scenario(p, sweep_.first_seed);
      (void)Compile(scenario, at_point);
      if (sweep_.judge_expectations) CheckExpectations(scenario, at_point);
      for (const Diagnostic& d : at_point.items()) {
        Found& f = found[absl::StrCat(d.path, ": ", d.message)];
        f.diagnostic = d;
        f.points.insert(p);
      }
    }
    for (const auto& [key, f] : found) {
      if (f.points.size() == points.size()) {
        diagnostics_.Add(f.diagnostic);
      } else {
        AtValue(Blame(f.points, points), 0, f.diagnostic);
      }
    }
  }

  // The value that is there wherever it went wrong, and best where it alone is there.
  Place Blame(const std::set<size_t>& bad, const std::set<size_t>& all) const {
    Place best;
    size_t best_score = 0;
    for (size_t a = 0; a < sweep_.axes.size(); ++a) {
      for (uint32_t v = 0; v < sweep_.axes[a].size(); ++v) {
        size_t score = 0;
        for (const size_t p : all) {
          score += (bad.count(p) > 0) == (sweep_.points[p].index[a] == v);
        }
        if (score > best_score) best = {a, v}, best_score = score;
      }
    }
    return best;
  }

  void MakeDigests() {
    pb::Scenario base = sweep_.base.proto;
    base.clear_seed();
    sweep_.base_digest = ScenarioDigest(base);
    Digest points;
    for (size_t p = 0; p < sweep_.points.size(); ++p) {
      std::string text = absl::StrCat(p);
      for (size_t a = 0; a < sweep_.axes.size(); ++a) {
        for (const SweepField& f : sweep_.axes[a].fields) {
          absl::StrAppend(&text, "\n", f.name, "=", f.values[sweep_.points[p].index[a]], "\n",
                          absl::StrJoin(f.paths, "\n"));
        }
      }
      points.Merge(DigestOfBytes(text));
    }
    sweep_.points_digest = points.Hex();
    sweep_.digest = SweepDigest(sweep_);
  }

  const pb::Sweep& proto_;
  const FieldPlaces& places_;
  const Node& root_;
  const char* const axes_;  // what they are called
  const std::string& folder_;
  Sweep& sweep_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::string SweepDigest(const Sweep& sweep) {
  std::string text = absl::StrCat(sweep.base_digest, sweep.points_digest, " ", sweep.first_seed,
                                  " ", sweep.replications);
  if (sweep.until) absl::StrAppend(&text, " until ", sweep.until->Text());
  // Other metrics are stored whether they are reported or not.
  for (const SweepMetric& m : sweep.metrics) {
    const std::vector<std::string> always = MetricPaths(!m.group.empty());
    if (std::find(always.begin(), always.end(), m.metric) == always.end()) {
      absl::StrAppend(&text, "\n", m.metric, " ", m.group);
    }
  }
  return DigestOfBytes(text).Hex();
}

void LoadPoints(const pb::Sweep& proto, const Node& root, const FieldPlaces& places,
                const char* axes, const std::string& folder, Sweep* sweep,
                Diagnostics* diagnostics) {
  Loader(proto, root, places, axes, folder, sweep, diagnostics).Load();
  sweep->base.places = {};  // the base has been checked
}

Sweep LoadSweep(const std::string& path, const std::string& name, Diagnostics& diagnostics) {
  Sweep sweep;
  sweep.file = name;
  const absl::StatusOr<std::string> contents = ReadInputFile(path);
  if (!contents.ok()) {
    diagnostics.Add({false, name, 0, 0, "", std::string(contents.status().message())});
    return sweep;
  }
  pb::Sweep proto;
  const FieldPlaces places = ReadTextMessage(*contents, name, &proto, diagnostics);
  if (proto.name().empty()) {
    const std::string file = name.substr(name.find_last_of('/') + 1);
    proto.set_name(file.substr(0, file.find('.')));
  }
  sweep.name = proto.name();
  sweep.question = proto.question();
  sweep.reading = proto.reading();
  LoadPoints(proto, Node(proto, places, name, &diagnostics), places, "axes",
             path.substr(0, path.rfind('/') + 1), &sweep, &diagnostics);
  return sweep;
}

}  // namespace keepsim
