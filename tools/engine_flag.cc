#include "tools/engine_flag.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/world/skip_rule.h"

namespace keepsim {
namespace {

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string EndsText(const SkipStats& s) {
  // In the order of StretchEnd.
  constexpr const char* kNames[kStretchEnds] = {
      "another event was due", "a packet is lost", "a packet is late",
      "two things are due at one instant", "the next exchange has another shape"};
  uint64_t all = 0;
  for (const uint64_t n : s.ends) all += n;
  std::string text;
  for (int i = 0; i < kStretchEnds; ++i) {
    if (s.ends[i] == 0) continue;
    absl::StrAppendFormat(&text, "%s%s %.1f %%", text.empty() ? "" : ", ", kNames[i],
                          Share(s.ends[i], all));
  }
  return text;
}

}  // namespace

bool ReadEngine(const Arguments& a, const Plan& plan, Engine* engine) {
  std::string name;
  if (!ReadWord(a, "engine", {"auto", "events", "skip"}, &name)) return false;
  *engine = name == "events" ? Engine::kEvents : Engine::kAuto;
  if (name != "skip") return true;
  for (const GroupPlan& g : plan.groups) {
    const std::string why = WhyNotSkipped(plan, g);
    if (why.empty()) continue;
    Fail(absl::StrCat("--engine skip: nothing of group \"", g.name, "\" can be skipped: ", why,
                      "; --engine auto skips what it can"));
    return false;
  }
  return true;
}

std::string SpeedText(const Plan& plan, const RunResult& r) {
  std::string text = absl::StrFormat("Speed: %d simulated events, %d through a queue, %.2f s\n",
                                     r.events, r.engine_events, r.wall_s);
  for (size_t i = 0; i < plan.groups.size(); ++i) {
    const GroupPlan& g = plan.groups[i];
    const std::string why = r.skipped.empty() ? "--engine events" : WhyNotSkipped(plan, g);
    if (!why.empty()) {
      absl::StrAppendFormat(&text, "  %s: nothing skipped: %s\n", g.name, why);
      continue;
    }
    const SkipStats& s = r.skipped[i];
    absl::StrAppendFormat(
        &text,
        "  %s: %.2f %% of %d events skipped, %.1f exchanges at a time, %.2f %% of them with a "
        "repair\n",
        g.name, Share(s.skipped, s.events), s.events,
        s.stretches == 0 ? 0 : static_cast<double>(s.cycles) / static_cast<double>(s.stretches),
        Share(s.odd, s.cycles));
    const std::string ends = EndsText(s);
    absl::StrAppendFormat(&text, "    %s\n",
                          ends.empty() ? "its clients were never due to send anything in quiet"
                                       : "stretches ended because " + ends);
    const std::string why_not = WhyMessagesNotSkipped(plan, g);
    if (!why_not.empty()) {
      absl::StrAppendFormat(&text, "    messages are not skipped: %s\n", why_not);
    }
  }
  return text;
}

}  // namespace keepsim
