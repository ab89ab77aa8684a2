#include "tools/step_mode.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sim/base/duration_text.h"
#include "sim/metrics/packet_log.h"
#include "sim/trace/text.h"
#include "tools/end_state.h"
#include "tools/time_line.h"

namespace keepsim {
namespace {

// What is simulated and kept at a time. A busy client's window is cut short.
constexpr Duration kWindow = Seconds(600);
constexpr size_t kMostEntries = 200000;
constexpr size_t kKept = 256;
constexpr Duration kBeforeDeclaration = Seconds(60);

constexpr char kHelp[] =
    "  n, next [N]     the next event, or N of them (an empty line: as next)\n"
    "  p, packet       on to the next packet written, sent, lost, arriving or read\n"
    "  t, timer        on to the next timer that fires or moves\n"
    "  f, fault        on to the next fault that begins or ends\n"
    "  d, declaration  on to the next declaration of this client or about it\n"
    "  s, state        where both ends stand\n"
    "  b, back [N]     one event back, or N\n"
    "  g, goto TIME    just before that time of the run: 10m, 1h30m, 404.5s\n"
    "  h, help         this\n"
    "  q, quit\n";

struct Step {
  TraceRecord record;
  std::string rows;  // as in a time line
};

bool IsTimer(const TraceRecord& r) {
  return r.kind == RecordKind::kTimerArmed || r.kind == RecordKind::kTimerFired ||
         r.kind == RecordKind::kTcpTimerArmed || r.kind == RecordKind::kTcpTimerFired;
}
bool IsPacket(const TraceRecord& r) { return !r.is_outcome() && !IsTimer(r); }
bool IsFault(const TraceRecord& r) {
  return IsGroundTruth(r.kind) || (r.entity == 0 && r.is_outcome());
}

class Stepper {
 public:
  Stepper(const Plan& plan, TraceReader& trace, const StepOptions& options,
          const std::function<void(absl::string_view)>& write)
      : plan_(plan),
        trace_(trace),
        options_(options),
        write_(write),
        text_(trace.header()),
        end_(kStart + plan.horizon + Duration{1}) {}

  absl::Status Run(std::istream& in) {
    if (absl::Status s = Load(options_.from); !s.ok()) return s;
    Say(absl::StrCat(text_.Entity(options_.entity), " from ", At(options_.from), "; h for help\n",
                     TimeLineHead()));
    std::string line;
    while (replayed_.same) {
      if (options_.prompt) Say("> ");
      if (!std::getline(in, line)) {
        if (options_.prompt) Say("\n");
        return absl::OkStatus();
      }
      bool quit = false;
      if (absl::Status s = Obey(line, &quit); !s.ok()) return s;
      if (quit) return absl::OkStatus();
    }
    return absl::OkStatus();
  }
  const Replayed& replayed() const { return replayed_; }

 private:
  void Say(absl::string_view text) { write_(text); }

  absl::Status Obey(const std::string& line, bool* quit) {
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    const std::string word = words.empty() ? "next" : words[0];
    const std::string argument = words.size() > 1 ? words[1] : "";
    const auto is = [&](const char* letter, const char* name) {
      return word == letter || word == name;
    };
    int64_t count = 1;
    if ((is("n", "next") || is("b", "back")) && !argument.empty() &&
        (!absl::SimpleAtoi(argument, &count) || count < 1)) {
      Say(absl::StrCat("\"", argument, "\" is no number of events\n"));
      return absl::OkStatus();
    }
    const auto any = [](const TraceRecord&) { return true; };
    if (is("n", "next")) {
      for (; count > 0 && replayed_.same; --count) {
        bool more = false;
        if (absl::Status s = Forward(any, &more); !s.ok()) return s;
        if (!more) return absl::OkStatus();
      }
      return absl::OkStatus();
    }
    bool more = false;
    if (is("p", "packet")) return Forward(IsPacket, &more);
    if (is("t", "timer")) return Forward(IsTimer, &more);
    if (is("f", "fault")) return ToStored(IsFault, "fault");
    if (is("d", "declaration")) {
      return ToStored([](const TraceRecord& r) { return r.kind == RecordKind::kDeclared; },
                      "declaration");
    }
    if (is("b", "back")) return Back(count);
    if (is("g", "goto")) return Goto(argument);
    if (is("s", "state")) {
      Say(State());
    } else if (is("h", "help")) {
      Say(kHelp);
    } else if (is("q", "quit")) {
      *quit = true;
    } else {
      Say(absl::StrCat("\"", word, "\" is no command; h lists them\n"));
    }
    return absl::OkStatus();
  }

  // Simulates [from, from + kWindow) and stands before its first event.
  absl::Status Load(Instant from) {
    from_ = std::clamp(from, kStart, end_);
    to_ = std::min(from_ + kWindow, end_);
    PacketLog log;
    at_start_ = EndStates();
    RunOptions run;
    run.until = to_;
    run.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
      for (const TraceRecord* r = begin; r != end; ++r) {
        if (r->at < from_) at_start_.Add(*r);
        if (log.entries().size() >= kMostEntries && log.entries().back().record.at < r->at) {
          to_ = std::min(to_, r->at);
        }
        if (r->at >= to_) continue;
        log.Add(*r);
        if (r->at < from_ && log.entries().size() > kKept) log.Forget(r->at);
      }
      return absl::OkStatus();
    };
    auto replayed =
        RunClientsAgainst(plan_, {{options_.group, options_.index, options_.index}}, run, trace_);
    if (!replayed.ok()) return replayed.status();
    replayed_ = *std::move(replayed);
    log.Forget(from_);
    steps_.clear();
    TimeLineRows rows(log, trace_.header(), options_.incident, /*routine=*/true);
    for (const LogEntry& e : log.InOrder()) {
      std::string text = rows.Of(e);
      steps_.push_back({e.record, std::move(text)});
    }
    next_ = 0;
    return absl::OkStatus();
  }

  // On until a step with something to show for which `stop` holds; shows what is on the way.
  template <typename Stop>
  absl::Status Forward(const Stop& stop, bool* found) {
    *found = false;
    while (replayed_.same) {
      while (next_ < steps_.size()) {
        const Step& s = steps_[next_++];
        Say(s.rows);
        if (s.rows.empty() || !stop(s.record)) continue;
        *found = true;
        return absl::OkStatus();
      }
      if (to_ >= end_) {
        Say("the run ends here\n");
        return absl::OkStatus();
      }
      if (absl::Status s = Load(to_); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  // On to an outcome, which the trace finds without simulating what lies between.
  template <typename Is>
  absl::Status ToStored(const Is& is, const char* what) {
    TraceSelection selection;
    selection.from = Now();
    selection.entities = {{0, 0}, {options_.entity, options_.entity}};
    if (absl::Status s = trace_.Select(selection); !s.ok()) return s;
    TraceRecord r;
    while (true) {
      const absl::StatusOr<bool> more = trace_.Next(&r);
      if (!more.ok()) return more.status();
      if (!*more) {
        Say(absl::StrCat("no further ", what, "\n"));
        return absl::OkStatus();
      }
      const bool passed =
          std::any_of(steps_.begin(), steps_.begin() + static_cast<ptrdiff_t>(next_),
                      [&](const Step& s) { return s.record == r; });
      if (is(r) && !passed) break;
    }
    if (r.at >= to_) {
      if (absl::Status s = Load(r.at - kBeforeDeclaration); !s.ok()) return s;
      Say(absl::StrCat("... on at ", At(from_), "\n"));
    }
    bool found = false;
    return Forward([&](const TraceRecord& step) { return step == r || step.at > r.at; }, &found);
  }

  absl::Status Back(int64_t count) {
    while (count > 0) {
      while (next_ > 0 && count > 0) {
        if (!steps_[--next_].rows.empty()) --count;
      }
      // What shows nothing comes about with what follows it.
      while (next_ > 0 && steps_[next_ - 1].rows.empty()) --next_;
      if (count == 0) break;
      if (from_ <= kStart) {
        Say("the run begins here\n");
        return absl::OkStatus();
      }
      // Everything of the window before; its end is where this one begins.
      const Instant here = from_;
      if (absl::Status s = Load(here - kWindow); !s.ok() || !replayed_.same) return s;
      while (to_ < here) {
        if (absl::Status s = Load(to_); !s.ok()) return s;
      }
      next_ = steps_.size();
      while (next_ > 0 && steps_[next_ - 1].record.at >= here) --next_;
    }
    ShowHere();
    return absl::OkStatus();
  }

  // The event that happened last.
  void ShowHere() {
    for (size_t i = next_; i > 0; --i) {
      if (steps_[i - 1].rows.empty()) continue;
      Say("back at\n");
      Say(steps_[i - 1].rows);
      return;
    }
    Say(absl::StrCat("back at ", At(from_), "\n"));
  }

  absl::Status Goto(const std::string& text) {
    const auto d = ParseDuration(text);
    if (!d.ok() || kStart + *d >= end_) {
      Say(absl::StrCat("goto takes a time of the run, up to ", FormatDuration(plan_.horizon),
                       ", such as 10m\n"));
      return absl::OkStatus();
    }
    if (absl::Status s = Load(kStart + *d); !s.ok()) return s;
    Say(absl::StrCat("at ", At(from_), "\n"));
    return absl::OkStatus();
  }

  Instant Now() const { return next_ == 0 ? from_ : steps_[next_ - 1].record.at; }

  std::string State() const {
    EndStates now = at_start_;
    for (size_t i = 0; i < next_; ++i) now.Add(steps_[i].record);
    return now.Text(text_.Entity(options_.entity), Now());
  }

  const Plan& plan_;
  TraceReader& trace_;
  const StepOptions& options_;
  const std::function<void(absl::string_view)>& write_;
  const RecordText text_;
  const Instant end_;  // after everything
  Instant from_;       // of the window
  Instant to_;         // exclusive
  EndStates at_start_;
  std::vector<Step> steps_;
  size_t next_ = 0;  // steps before it have happened
  Replayed replayed_;
};

}  // namespace

absl::StatusOr<Replayed> StepThrough(const Plan& plan, TraceReader& trace,
                                     const StepOptions& options, std::istream& in,
                                     const std::function<void(absl::string_view)>& write) {
  Stepper stepper(plan, trace, options, write);
  if (absl::Status s = stepper.Run(in); !s.ok()) return s;
  return stepper.replayed();
}

}  // namespace keepsim
