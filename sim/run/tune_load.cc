// From a tune file to its points and wishes.
#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "sim/metrics/render.h"
#include "sim/run/sweep_fields.h"
#include "sim/run/sweep_value.h"
#include "sim/run/tune.h"
#include "sim/scenario/node.h"
#include "sim/scenario/text_file.h"

namespace keepsim {
namespace {

constexpr uint32_t kDefaultRuns = 2000;
constexpr char kDefaultGoal[] = "cost.packets_per_client_day";

// Whether its values go up, or down, all the way.
bool IsOrdered(const SweepAxis& axis) {
  const std::vector<std::string>& texts = axis.fields[0].values;
  std::vector<SweepValue> values;
  for (const std::string& t : texts) values.push_back(SweepValue::Parse(t));
  bool up = true;
  bool down = true;
  for (size_t i = 1; i < values.size(); ++i) {
    if (!Ordered(values[i - 1], values[i])) return false;
    up = up && Compare(values[i - 1], values[i]) < 0;
    down = down && Compare(values[i - 1], values[i]) > 0;
  }
  return up || down;
}

class TuneLoader {
 public:
  TuneLoader(const pb::Tune& proto, const FieldPlaces& places, Tune* tune, Diagnostics* diagnostics)
      : proto_(proto),
        places_(places),
        root_(proto, places, tune->space.file, diagnostics),
        tune_(*tune),
        diagnostics_(*diagnostics) {}

  void Load(const std::string& folder) {
    tune_.space.name = proto_.name();
    tune_.space.question = proto_.question();
    tune_.first_replications =
        Number("first_replications", proto_.first_replications(), 5, 1, 1000);
    tune_.most_replications =
        Number("most_replications", proto_.most_replications(),
               std::max(32u, tune_.first_replications), tune_.first_replications, 10000);
    tune_.fresh_replications =
        Number("fresh_replications", proto_.fresh_replications(), 16, 2, 10000);
    LoadBudget();
    if (proto_.parameters_size() == 0) root_.Error("parameters", "at least one is required");
    for (int i = 0; i < proto_.parameters_size(); ++i) {
      if (!proto_.parameters(i).given()) continue;
      root_.Child("parameters", i)
          .Error("given", "what is given is no choice: put it into the base");
    }
    if (proto_.wishes_size() == 0) {
      root_.Error("wishes",
                  "at least one is required, such as { metric: \"detection.broker.p99_s\" "
                  "at_most: 100 }");
    }
    LoadPoints(AsSweep(), root_, places_, "parameters", folder, &tune_.space, &diagnostics_);
    for (int i = 0; i < proto_.wishes_size(); ++i) LoadWish(root_.Child("wishes", i));
    LoadGoal();
    if (!diagnostics_.ok()) return;
    tune_.space.digest = SweepDigest(tune_.space);
    for (const SweepAxis& a : tune_.space.axes) tune_.ordered.push_back(IsOrdered(a));
    CheckBudget();
  }

 private:
  uint32_t Number(const char* name, uint32_t value, uint32_t otherwise, uint32_t low,
                  uint32_t high) const {
    if (value == 0) return otherwise;
    if (value < low || value > high) {
      root_.Error(name, absl::StrCat(value, " is out of range [", low, ", ", high, "]"));
    }
    return value;
  }

  // The points of the tune file, as those of a sweep.
  pb::Sweep AsSweep() const {
    pb::Sweep sweep;
    sweep.set_name(proto_.name());
    if (proto_.base_case() == pb::Tune::kScenario) sweep.set_scenario(proto_.scenario());
    if (proto_.base_case() == pb::Tune::kInlineScenario) {
      *sweep.mutable_inline_scenario() = proto_.inline_scenario();
    }
    *sweep.mutable_set() = proto_.set();
    *sweep.mutable_axes() = proto_.parameters();
    *sweep.mutable_skip() = proto_.skip();
    sweep.set_seed(proto_.seed());
    sweep.set_replications(tune_.most_replications + kMostChecks * tune_.fresh_replications);
    // Reported are the wishes' numbers and the goal; what is wrong with them is said where they
    // stand.
    return sweep;
  }

  void LoadBudget() {
    const Node node = root_.Child("budget");
    tune_.budget_client_days = proto_.budget().client_days();
    if (!(tune_.budget_client_days >= 0) || std::isinf(tune_.budget_client_days)) {
      node.Error("client_days", "must be above 0");
    }
    tune_.budget_runs = proto_.budget().runs();
    if (tune_.budget_runs == 0 && tune_.budget_client_days == 0) tune_.budget_runs = kDefaultRuns;
  }

  void LoadWish(const Node& node) {
    const auto& proto = static_cast<const pb::Wish&>(node.message());
    CheckMetric(node, proto.metric(), proto.group(), tune_.space.base.proto);
    if (proto.has_at_most() == proto.has_at_least()) {
      node.Error("", "needs at_most or at_least, and only one of them");
    }
    Wish wish;
    wish.at_most = proto.has_at_most();
    wish.bound = wish.at_most ? proto.at_most() : proto.at_least();
    if (!std::isfinite(wish.bound)) node.Error("", "needs a bound that is a number");
    wish.metric = {proto.metric(), proto.group(),
                   wish.at_most ? pb::ReportedMetric::LOWER : pb::ReportedMetric::HIGHER};
    tune_.wishes.push_back(wish);
    tune_.space.metrics = Reported();
  }

  void LoadGoal() {
    tune_.goal = {kDefaultGoal, "", pb::ReportedMetric::LOWER};
    if (proto_.has_minimise()) {
      tune_.goal.metric = proto_.minimise().metric();
      tune_.goal.group = proto_.minimise().group();
      CheckMetric(root_.Child("minimise"), tune_.goal.metric, tune_.goal.group,
                  tune_.space.base.proto);
    }
    tune_.space.metrics = Reported();
  }

  std::vector<SweepMetric> Reported() const {
    std::vector<SweepMetric> metrics;
    const auto add = [&](const SweepMetric& m) {
      for (const SweepMetric& there : metrics) {
        if (there.metric == m.metric && there.group == m.group) return;
      }
      metrics.push_back(m);
    };
    for (const Wish& w : tune_.wishes) add(w.metric);
    if (!tune_.goal.metric.empty()) add(tune_.goal);
    return metrics;
  }

  void CheckBudget() {
    const uint64_t coarse = CoarsePoints(tune_, nullptr).size();
    const uint64_t needed = coarse * tune_.first_replications + tune_.fresh_replications;
    if (tune_.budget_runs == 0 || needed <= tune_.budget_runs) return;
    root_.Child("budget").Error(
        "runs", absl::StrCat(tune_.budget_runs, " are too few: the ", coarse,
                             " points of the coarsest grid with ", tune_.first_replications,
                             " runs each, and ", tune_.fresh_replications,
                             " to check the answer, are ", needed));
  }

  const pb::Tune& proto_;
  const FieldPlaces& places_;
  const Node root_;
  Tune& tune_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::string Wish::Text() const {
  return absl::StrCat(metric.metric, metric.group.empty() ? "" : " of " + metric.group,
                      at_most ? " at most " : " at least ", NumberText(bound));
}

double Wish::Margin(double value) const {
  const double left = at_most ? bound - value : value - bound;
  return bound == 0 ? left : left / std::fabs(bound);
}

std::vector<uint32_t> CoarsePoints(const Tune& tune, std::vector<uint32_t>* strides) {
  std::vector<uint32_t> steps;
  for (size_t a = 0; a < tune.space.axes.size(); ++a) {
    const size_t size = tune.space.axes[a].size();
    uint32_t step = 1;
    while (tune.ordered[a] && size > 2 && 4 * step <= size - 1) step *= 2;
    steps.push_back(step);
  }
  std::vector<uint32_t> points;
  for (uint32_t p = 0; p < tune.space.points.size(); ++p) {
    bool coarse = true;
    for (size_t a = 0; a < steps.size(); ++a) {
      const uint32_t i = tune.space.points[p].index[a];
      coarse = coarse && (i % steps[a] == 0 || i + 1 == tune.space.axes[a].size());
    }
    if (coarse) points.push_back(p);
  }
  // A filter may leave none of them.
  if (points.empty()) points.push_back(0);
  if (strides != nullptr) *strides = steps;
  return points;
}

Tune LoadTune(const std::string& path, const std::string& name, Diagnostics& diagnostics) {
  Tune tune;
  tune.space.file = name;
  tune.space.command = "tune";
  const absl::StatusOr<std::string> contents = ReadInputFile(path);
  if (!contents.ok()) {
    diagnostics.Add({false, name, 0, 0, "", std::string(contents.status().message())});
    return tune;
  }
  pb::Tune proto;
  const FieldPlaces places = ReadTextMessage(*contents, name, &proto, diagnostics);
  if (proto.name().empty()) {
    const std::string file = name.substr(name.find_last_of('/') + 1);
    proto.set_name(file.substr(0, file.find('.')));
  }
  TuneLoader(proto, places, &tune, &diagnostics).Load(path.substr(0, path.rfind('/') + 1));
  return tune;
}

}  // namespace keepsim
