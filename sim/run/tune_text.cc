// The answer of a search for people in a hurry, and for spreadsheets.
#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/metrics/render.h"
#include "sim/run/sweep_report.h"
#include "sim/run/tune.h"

namespace keepsim {
namespace {

constexpr size_t kWidth = 100;
constexpr int kMostFrontShown = 20;
constexpr int kMostUndecidedShown = 5;
constexpr int kMostFailedShown = 10;

std::string ChoiceText(const pb::TunedPoint& p) {
  return absl::StrJoin(p.choices(), ", ", [](std::string* out, const pb::Choice& c) {
    absl::StrAppend(out, c.name(), "=", c.value());
  });
}

std::string NameOf(const pb::Evidence& e) {
  return e.group().empty() ? e.metric() : absl::StrCat(e.metric(), " of ", e.group());
}

// "98.2 [97.8, 98.6]"; "0 [up to 0.002]"; "none".
std::string ValueText(const pb::Evidence& e) {
  if (!e.has_value()) return "none";
  if (!e.has_low()) return NumberText(e.value());
  if (e.value() == 0 && e.low() == 0) return absl::StrCat("0 [up to ", NumberText(e.high()), "]");
  return absl::StrCat(NumberText(e.value()), " [", NumberText(e.low()), ", ", NumberText(e.high()),
                      "]");
}

std::string StandingText(const pb::Evidence& e) {
  switch (e.standing()) {
    case pb::Evidence::MET:
      return "met";
    case pb::Evidence::LIKELY:
      return "met, not for certain";
    case pb::Evidence::UNLIKELY:
      return "missed, not for certain";
    case pb::Evidence::MISSED:
      return "missed";
    case pb::Evidence::UNMEASURED:
      return "not measured";
    default:
      return "least";
  }
}

std::string SignedPerCent(double share) {
  return absl::StrCat(share < 0 ? "-" : "", PerCentText(std::fabs(share)));
}

// Who misses a bound by more than the bound itself has nothing to spare: by how many times says no
// more.
std::string SpareText(double margin) { return margin < -1 ? "none" : SignedPerCent(margin); }

std::string MarginText(const pb::Evidence& e) {
  if (!e.has_margin()) return "";
  return e.has_sure_margin()
             ? absl::StrCat(SpareText(e.margin()), ", for certain ", SpareText(e.sure_margin()))
             : SpareText(e.margin());
}

// A row per number of a point.
std::string PointTable(const Tune& tune, const pb::TunedPoint& p) {
  std::vector<std::vector<std::string>> rows = {
      {"", "wish", absl::StrCat("found in ", p.replications(), " runs"), "events", "so it is",
       "to spare"}};
  for (int i = 0; i < p.evidence_size(); ++i) {
    const pb::Evidence& e = p.evidence(i);
    const bool goal = static_cast<size_t>(i) == tune.wishes.size();
    std::string wish = "least";
    if (!goal) {
      const Wish& w = tune.wishes[static_cast<size_t>(i)];
      wish = absl::StrCat(w.at_most ? "at most " : "at least ", NumberText(w.bound));
    }
    rows.push_back({"  " + NameOf(e), wish, ValueText(e),
                    e.has_count() ? absl::StrCat(CountText(e.count()), " in ",
                                                 NumberText(e.client_days()), " client-days")
                                  : "",
                    goal ? "" : StandingText(e), MarginText(e)});
  }
  return TextTable(rows, 6);
}

std::string CheckText(const Tune& tune, const pb::TuneResult& r) {
  if (!r.has_check()) {
    return "Not checked on fresh seeds: the budget was used up.\n";
  }
  return absl::StrCat("Checked on fresh seeds ", r.check_first_seed(), " to ", r.check_last_seed(),
                      ", which the search (seeds ", r.search_first_seed(), " to ",
                      r.search_last_seed(), ") has not seen:\n", PointTable(tune, r.check()));
}

// Whether it is false declarations whose interval leaves the wish open.
bool RareLeftOpen(const pb::TunedPoint& p) {
  return std::any_of(p.evidence().begin(), p.evidence().end(), [](const pb::Evidence& e) {
    return (e.standing() == pb::Evidence::LIKELY || e.standing() == pb::Evidence::UNLIKELY) &&
           absl::EndsWith(e.metric(), ".false_per_client_day");
  });
}

std::string VerdictText(const pb::TuneResult& r) {
  switch (r.verdict()) {
    case pb::TuneResult::MET:
      return "All wishes are met, on fresh seeds too.";
    case pb::TuneResult::UNDECIDED:
      return absl::StrCat(
          "Its values are within the bounds; not all intervals are. More clients, a longer "
          "horizon, most_replications or fresh_replications would settle it",
          RareLeftOpen(r.recommended()) || RareLeftOpen(r.check())
              ? "; false declarations too rare to be counted are for `keepsim rare` "
                "(docs/rare-events.md) on this point's scenario, which --print writes."
              : ".");
    default:
      return "";
  }
}

const pb::Evidence* GoalOf(const pb::TunedPoint& p) {
  return p.evidence_size() > 0 ? &p.evidence(p.evidence_size() - 1) : nullptr;
}

// `number`: of the wish.
std::string WithoutText(const pb::TuneResult& r, const pb::WishOutcome& w, int number) {
  if (!w.has_without()) return "even without it no point meets the others";
  if (w.without().evidence(number).margin() >= 0) {
    return "it costs nothing: the cheapest point that meets the others meets it too";
  }
  const double cost = GoalOf(w.without())->value();
  std::string text =
      absl::StrCat("without it ", ChoiceText(w.without()), " would do, with ", NumberText(cost));
  if (r.has_recommended()) {
    const double now = GoalOf(r.recommended())->value();
    absl::StrAppend(&text, " instead of ", NumberText(now), " (", SignedPerCent(cost / now - 1),
                    ")");
  }
  return text;
}

std::string WishesText(const pb::TuneResult& r) {
  std::string out = "What each wish costs\n";
  for (int i = 0; i < r.wishes_size(); ++i) {
    const pb::WishOutcome& w = r.wishes(i);
    std::string best;
    if (w.points_meeting() == 0 && w.has_best()) {
      best = absl::StrCat("; the best is ", ValueText(w.best().evidence(i)), " at ",
                          ChoiceText(w.best()));
    }
    absl::StrAppend(&out,
                    Wrap(absl::StrCat(w.wish(), ": ", w.points_meeting(), " of ", r.points_tried(),
                                      " tried points meet it", best, "; ", WithoutText(r, w, i),
                                      w.binding() ? ". It is the binding one." : "."),
                         2, kWidth));
  }
  return out;
}

std::string PointsTable(const Tune& tune,
                        const google::protobuf::RepeatedPtrField<pb::TunedPoint>& points, int most,
                        uint32_t recommended) {
  std::vector<std::vector<std::string>> rows = {{"", "point"}};
  for (const SweepAxis& a : tune.space.axes) {
    for (const SweepField& f : a.fields) rows[0].push_back(f.name);
  }
  const size_t left = rows[0].size();
  rows[0].push_back("runs");
  std::vector<SweepMetric> metrics;
  for (const Wish& w : tune.wishes) metrics.push_back(w.metric);
  metrics.push_back(tune.goal);
  for (const std::string& h : MetricHeadings(metrics)) rows[0].push_back(h);
  for (int i = 0; i < std::min(most, points.size()); ++i) {
    const pb::TunedPoint& p = points[i];
    std::vector<std::string> row = {p.point() == recommended ? "  *" : "  ",
                                    absl::StrCat(p.point())};
    for (const pb::Choice& c : p.choices()) row.push_back(c.value());
    row.push_back(absl::StrCat(p.replications()));
    for (const pb::Evidence& e : p.evidence()) row.push_back(ValueText(e));
    rows.push_back(std::move(row));
  }
  return TextTable(rows, left);
}

void AddCsv(const char* role, const pb::TunedPoint& p, std::string* out) {
  const auto number = [](bool has, double x) { return has ? absl::StrCat(x) : std::string(); };
  for (const pb::Evidence& e : p.evidence()) {
    absl::StrAppend(out, role, ",", p.point());
    for (const pb::Choice& c : p.choices()) absl::StrAppend(out, ",", CsvField(c.value()));
    absl::StrAppend(out, ",", e.runs(), ",", CsvField(e.metric()), ",", CsvField(e.group()), ",",
                    number(e.has_value(), e.value()), ",", number(e.has_low(), e.low()), ",",
                    number(e.has_high(), e.high()), ",",
                    e.has_count() ? absl::StrCat(e.count()) : "", ",",
                    number(e.has_client_days(), e.client_days()), ",", CsvField(e.method()), ",");
    absl::StrAppend(
        out, number(e.has_margin(), e.margin()), ",", number(e.has_sure_margin(), e.sure_margin()),
        ",", e.standing() == pb::Evidence::NO_WISH ? "" : pb::Evidence::Standing_Name(e.standing()),
        "\n");
  }
}

}  // namespace

std::string ToReport(const Tune& tune, const pb::TuneResult& r) {
  std::string out = absl::StrCat(r.name(), "\n");
  if (!r.question().empty()) absl::StrAppend(&out, Wrap(r.question(), 0, kWidth));
  out += "\n";
  uint32_t recommended = UINT32_MAX;
  if (r.has_recommended()) {
    recommended = r.recommended().point();
    absl::StrAppend(&out, "Recommended: ", ChoiceText(r.recommended()), "\n");
    absl::StrAppend(&out, Wrap(VerdictText(r), 0, kWidth), "\n", PointTable(tune, r.recommended()));
    absl::StrAppend(&out, "\n", CheckText(tune, r));
  } else {
    absl::StrAppend(
        &out,
        r.verdict() == pb::TuneResult::UNDECIDED
            ? "Each point that was checked missed a wish on fresh seeds; others were not checked.\n"
            : "No point was found that meets all wishes.\n");
    if (r.has_nearest()) {
      absl::StrAppend(&out, "The nearest: ", ChoiceText(r.nearest()), "\n",
                      PointTable(tune, r.nearest()));
    }
  }
  for (const pb::TunedPoint& p : r.refuted()) {
    absl::StrAppend(&out, "\nLooked good in the search, and missed a wish on fresh seeds: ",
                    ChoiceText(p), "\n", PointTable(tune, p));
  }
  absl::StrAppend(&out, "\n", WishesText(r));
  absl::StrAppend(&out, "\nPareto front: points that no other beats in all of these at once\n",
                  PointsTable(tune, r.front(), kMostFrontShown, recommended));
  if (r.front_size() > kMostFrontShown) {
    absl::StrAppend(&out, "  and ", r.front_size() - kMostFrontShown, " more\n");
  }
  if (r.undecided_size() > 0) {
    absl::StrAppend(&out, "\nUndecided: ", r.has_recommended() ? "cheaper, and " : "",
                    "within the intervals they may meet all wishes\n",
                    PointsTable(tune, r.undecided(), kMostUndecidedShown, recommended));
    if (r.undecided_size() > kMostUndecidedShown) {
      absl::StrAppend(&out, "  and ", r.undecided_size() - kMostUndecidedShown, " more\n");
    }
  }
  for (int i = 0; i < std::min(kMostFailedShown, r.failed_size()); ++i) {
    const pb::FailedPoint& f = r.failed(i);
    absl::StrAppend(&out, "\nFailed: point ", f.point(), ": ", f.error(), "\n  again: ", f.repro(),
                    "\n");
  }
  absl::StrAppend(&out,
                  "\nIn brackets: 95 % intervals, each for itself; those of the search hold "
                  "however often it has looked.\n");
  absl::StrAppend(&out, r.points_tried(), " of ", r.points(), " points tried, ",
                  CountText(r.runs()), " runs, ", NumberText(r.client_days()), " client-days",
                  r.budget_used_up() ? "; the budget ended the search" : "", "\n");
  if (r.has_recommended()) absl::StrAppend(&out, "run it: ", r.repro(), "\n");
  return out;
}

std::string ToCsv(const Tune& tune, const pb::TuneResult& r) {
  std::string out = "role,point";
  for (const SweepAxis& a : tune.space.axes) {
    for (const SweepField& f : a.fields) absl::StrAppend(&out, ",", f.name);
  }
  absl::StrAppend(&out,
                  ",runs,metric,group,value,low,high,count,client_days,method,margin,"
                  "sure_margin,standing\n");
  if (r.has_recommended()) AddCsv("recommended", r.recommended(), &out);
  if (r.has_check()) AddCsv("check", r.check(), &out);
  for (const pb::TunedPoint& p : r.refuted()) AddCsv("refuted", p, &out);
  if (r.has_nearest()) AddCsv("nearest", r.nearest(), &out);
  for (const pb::TunedPoint& p : r.front()) AddCsv("front", p, &out);
  for (const pb::TunedPoint& p : r.undecided()) AddCsv("undecided", p, &out);
  return out;
}

}  // namespace keepsim
