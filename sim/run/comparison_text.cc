#include "sim/run/comparison_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/metrics/render.h"

namespace keepsim {
namespace {

constexpr size_t kNumberWidth = 11;
constexpr size_t kIntervalWidth = 24;

std::string NameOf(const pb::PointDifference& d) {
  return d.group().empty() ? d.metric() : absl::StrCat(d.group(), ": ", d.metric());
}

std::string VerdictText(const pb::ComparedPair& pair, const pb::PointDifference& d) {
  switch (d.verdict()) {
    case pb::PointDifference::BETTER:
      return "better";
    case pb::PointDifference::WORSE:
      return "worse";
    case pb::PointDifference::HIGHER:
      return "higher";
    case pb::PointDifference::LOWER:
      return "lower";
    case pb::PointDifference::EQUAL:
      return pair.clients() > 0 ? "equal at every client" : "equal at every seed";
    case pb::PointDifference::NO_DIFFERENCE_SHOWN:
      if (d.has_more_replications()) {
        return absl::StrCat("no difference shown; about ",
                            CountText(static_cast<int64_t>(d.more_replications())), " more ",
                            pair.clients() > 0 ? "such runs" : "replications", " would settle it");
      }
      return d.difference() == 0 ? "no difference shown; none was seen"
                                 : "no difference shown; a million replications would not do";
    default:
      break;
  }
  if (!d.has_difference()) return "not measured in both";
  if (pair.clients() > 0) return "not judged: too few values";
  return absl::StrCat("not judged: ", pair.replications(), " replication; take at least two");
}

// What is wrong with a store, or special about it; "": nothing.
std::string NotesOn(const pb::ComparedStore& s, const char* name) {
  std::string out;
  const auto runs = [](uint32_t n) {
    return n == 1 ? std::string("1 run is") : absl::StrCat(CountText(n), " runs are");
  };
  if (s.missing() > 0) {
    absl::StrAppend(&out, name, " is not complete: ", runs(s.missing()), " missing; ",
                    "`keepsim sweep` on its folder does them.\n");
  }
  if (s.failed() > 0) {
    absl::StrAppend(&out, name, ": ", runs(s.failed()),
                    " left out, having failed or broken an invariant.\n");
  }
  if (!s.until().empty()) {
    absl::StrAppend(&out, name, " ran until ", s.until(),
                    ": how many runs there are was chosen by what they showed, which these tests "
                    "do not allow for.\nA verdict that is just within 5 % is less sure than that; "
                    "fixed `replications` settle it.\n");
  }
  return out;
}

}  // namespace

std::string ToReport(const pb::PointComparison& c) {
  size_t name_width = 0;
  for (const pb::ComparedPair& pair : c.pairs()) {
    for (const pb::PointDifference& d : pair.differences()) {
      name_width = std::max(name_width, NameOf(d).size() + 2);
    }
  }
  std::string out;
  for (const pb::ComparedPair& pair : c.pairs()) {
    absl::StrAppend(
        &out, "B: ", pair.b(), "   against A: ", pair.a(),
        pair.at().empty() ? "" : "   at " + pair.at(), "   (",
        pair.clients() > 0
            ? absl::StrCat(CountText(pair.clients()), " clients")
            : absl::StrCat(pair.replications(), pair.replications() == 1 ? " seed" : " seeds"),
        " in common)\n");
    absl::StrAppend(&out, PadRight("", name_width), PadLeft("A", kNumberWidth),
                    PadLeft("B", kNumberWidth), PadLeft("B - A", kNumberWidth), "  ",
                    PadRight("95 % interval", kIntervalWidth), "B is\n");
    for (const pb::PointDifference& d : pair.differences()) {
      const std::string interval =
          d.has_low() ? absl::StrCat("[", SignedText(d.low()), ", ", SignedText(d.high()), "]")
                      : "";
      absl::StrAppend(&out, PadRight("  " + NameOf(d), name_width),
                      PadLeft(d.has_a() ? NumberText(d.a()) : "none", kNumberWidth),
                      PadLeft(d.has_b() ? NumberText(d.b()) : "none", kNumberWidth),
                      PadLeft(d.has_difference() ? SignedText(d.difference()) : "", kNumberWidth),
                      "  ", PadRight(interval, kIntervalWidth), VerdictText(pair, d), "\n");
    }
    out += "\n";
  }
  if (c.unmatched() > 0) {
    absl::StrAppend(&out, c.unmatched(), " points have no partner in the other store.\n");
  }
  absl::StrAppend(&out, "What is said of B holds at 5 % for all ", c.questions(),
                  " questions at once (Holm); intervals are for one difference each.\n");
  for (int i = 0; i < c.stores_size(); ++i) {
    const char* const name = c.stores_size() == 1 ? "The sweep" : i == 0 ? "A" : "B";
    absl::StrAppend(&out, NotesOn(c.stores(i), name));
  }
  return out;
}

std::string ToCsv(const pb::PointComparison& c) {
  std::string out =
      "a,b,at,point_a,point_b,replications,metric,group,value_a,value_b,difference,low,high,method,"
      "p_value,adjusted_p_value,verdict,more_replications\n";
  const auto number = [](bool has, double x) { return has ? absl::StrCat(x) : std::string(); };
  for (const pb::ComparedPair& p : c.pairs()) {
    for (const pb::PointDifference& d : p.differences()) {
      absl::StrAppend(&out, CsvField(p.a()), ",", CsvField(p.b()), ",", CsvField(p.at()), ",",
                      p.point_a(), ",", p.point_b(), ",", p.replications(), ",");
      absl::StrAppend(&out, CsvField(d.metric()), ",", CsvField(d.group()), ",",
                      number(d.has_a(), d.a()), ",", number(d.has_b(), d.b()), ",",
                      number(d.has_difference(), d.difference()), ",", number(d.has_low(), d.low()),
                      ",", number(d.has_high(), d.high()), ",");
      absl::StrAppend(&out, d.method(), ",", number(d.has_p_value(), d.p_value()), ",",
                      number(d.has_adjusted_p_value(), d.adjusted_p_value()), ",",
                      pb::PointDifference::Verdict_Name(d.verdict()), ",",
                      d.has_more_replications() ? absl::StrCat(d.more_replications()) : "", "\n");
    }
  }
  return out;
}

}  // namespace keepsim
