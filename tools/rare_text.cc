#include "tools/rare_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "sim/metrics/render.h"

namespace keepsim {
namespace {

constexpr double kYear = 365.25;  // days

// Rates span many powers of ten: three digits, and the power where it says more than zeros.
std::string Rate(double x) {
  return x == 0 || (x >= 0.001 && x < 1e6) ? NumberText(x) : absl::StrFormat("%.3g", x);
}

std::string NameOf(const pb::RareRate& r) {
  return absl::StrCat("by the ", r.observer(), r.group().empty() ? "" : ", group " + r.group());
}

// "one in 12 days", of a fleet of `clients`.
std::string InFleet(double per_client_day, double clients) {
  const double days = 1 / (per_client_day * clients);
  if (days >= kYear) return absl::StrCat("one in ", Rate(days / kYear), " years");
  if (days >= 1) return absl::StrCat("one in ", Rate(days), " days");
  return absl::StrCat(Rate(1 / days), " a day");
}

std::string RateLine(const pb::RareRate& r, const pb::RareSummary& s, size_t width) {
  std::string line = absl::StrCat("  ", PadRight(NameOf(r), width));
  if (!r.has_false_per_client_day()) {
    absl::StrAppend(&line, "  none seen, ",
                    r.ci95_high() > 0
                        ? absl::StrCat("95 % upper bound ", Rate(r.ci95_high()), " per client-day")
                        : "and there can be none");
  } else {
    absl::StrAppend(&line, "  ", Rate(r.false_per_client_day()), " per client-day, 95 % interval ",
                    Rate(r.ci95_low()), " to ", Rate(r.ci95_high()));
  }
  absl::StrAppend(&line, "\n");
  const auto more = [&](const std::string& text) {
    absl::StrAppend(&line, Wrap(text, width + 4, 100));
  };
  if (r.has_false_per_client_day()) {
    if (r.group().empty() || s.rates_size() <= 2) {
      const auto clients = static_cast<double>(s.clients());
      more(absl::StrCat(s.clients() == 1 ? "of one client "
                                         : "in a fleet of " + CountText(s.clients()) + " clients ",
                        InFleet(r.false_per_client_day(), clients)));
    }
    more(absl::StrCat(
        "as good as ", Rate(r.effective_count()), " of them counted in a plain run of ",
        Rate(r.plain_client_days()), " client-days, which is ",
        Rate(r.plain_events() / static_cast<double>(std::max<uint64_t>(r.events(), 1))),
        " times the events"));
  }
  if (!r.note().empty()) more(r.note());
  return line;
}

std::string LevelTable(const pb::RareRate& r) {
  if (r.levels_size() == 0) return "";
  std::string text =
      absl::StrCat("\nHow ", NameOf(r), ": silence without cause that lasts longer\n",
                   "        silence   per client-day      trials     went on    declared\n");
  for (const pb::RareLevel& l : r.levels()) {
    absl::StrAppend(&text, PadLeft(absl::StrFormat("%.4f s", l.silence_s()), 15), "  ",
                    PadLeft(Rate(l.per_client_day()), 15), PadLeft(CountText(l.trials()), 12),
                    PadLeft(CountText(l.went_on()), 12), PadLeft(CountText(l.declared()), 12),
                    "\n");
  }
  if (r.has_false_per_client_day()) {
    absl::StrAppend(&text, "       declared  ", PadLeft(Rate(r.false_per_client_day()), 15), "\n");
  }
  std::string causes;
  for (const pb::RareCause& c : r.causes()) {
    absl::StrAppend(&causes, causes.empty() ? "  causes: " : ", ",
                    absl::StrReplaceAll(c.cause(), {{"_", " "}}), " ", PerCentText(c.share()));
  }
  return causes.empty() ? text : text + causes + "\n";
}

}  // namespace

std::string RareText(const pb::RareSummary& s) {
  std::string text =
      absl::StrCat(s.scenario(), ": how often living peers are declared dead, by splitting\n");
  size_t width = 0;
  for (const pb::RareRate& r : s.rates()) width = std::max(width, NameOf(r).size());
  for (const pb::RareRate& r : s.rates()) absl::StrAppend(&text, RateLine(r, s, width));
  for (const pb::RareRate& r : s.rates()) absl::StrAppend(&text, LevelTable(r));
  absl::StrAppend(&text, "\n", CountText(s.replications()), " replications, ",
                  CountText(static_cast<int64_t>(s.events())), " events in ",
                  SecondsText(s.wall_s()), "\nagain   ", s.repro(), "\n");
  return text;
}

}  // namespace keepsim
