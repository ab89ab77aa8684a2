#include "tools/explanation_text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "sim/base/duration_text.h"
#include "sim/metrics/render.h"
#include "sim/trace/text.h"
#include "tools/profile_words.h"
#include "tools/time_line.h"

namespace keepsim {
namespace {

constexpr size_t kTimeWidth = 16;
constexpr size_t kTextWidth = 98;
// Of one packet; more of them say no more.
constexpr size_t kTransmissions = 8;

class Teller {
 public:
  Teller(const Plan& plan, const TraceHeader& header, const IncidentStretch& stretch,
         const Incident& incident)
      : plan_(plan),
        text_(header),
        stretch_(stretch),
        log_(stretch.log),
        incident_(incident),
        facts_(Explain(plan, stretch, incident)),
        by_broker_(incident.observer == Observer::kBroker),
        client_(text_.Entity(incident.entity)) {
    for (const GroupPlan& g : plan.groups) {
      if (incident.entity >= g.first_entity) group_ = &g;
    }
  }

  Story Tell() {
    Heard();
    for (const TraceRecord& r : facts_.faults) Fault(r);
    for (const uint64_t id : facts_.requests) Packet(id, false);
    for (const uint64_t id : facts_.awaited) Packet(id, true);
    Absent();
    std::stable_sort(story_.steps.begin(), story_.steps.end(),
                     [](const StoryStep& a, const StoryStep& b) { return a.at < b.at; });
    Step(incident_.declared, absl::StrCat(Observing(), " declared ", Peer(), " dead"));
    Rule();
    Verdicts();
    story_.cause = CauseWords();
    return std::move(story_);
  }

 private:
  std::string Observing() const { return by_broker_ ? "the broker" : client_; }
  std::string Peer() const { return by_broker_ ? client_ : "the broker"; }

  StoryStep& Step(Instant at, std::string text) {
    story_.steps.push_back({at, std::move(text)});
    return story_.steps.back();
  }

  void Heard() {
    if (stretch_.last_heard == kNever) {
      Step(stretch_.from, absl::StrCat(Observing(), " had not heard a packet on this connection"));
      return;
    }
    const LoggedPacket* p = log_.Packet(stretch_.last_packet);
    const std::string name = p == nullptr ? "a packet" : PacketName(p->fields);
    std::string text = absl::StrCat(Observing(), " read ", name, ", the last packet it heard from ",
                                    Peer(), " before its declaration");
    if (p != nullptr) {
      absl::StrAppend(&text, " (written ", ShortDuration(p->received - p->written), " earlier)");
    }
    Step(stretch_.last_heard, text).packet = stretch_.last_packet;
  }

  void Fault(const TraceRecord& r) {
    const std::string line = text_.Line(r);
    const std::string kind = RecordKindName(r.kind);
    const absl::string_view rest =
        absl::StripAsciiWhitespace(absl::string_view(line).substr(line.find(kind) + kind.size()));
    Step(r.at, absl::StrCat("fault: ", absl::StrReplaceAll(kind, {{"_", " "}}),
                            rest.empty() ? "" : " ", rest));
  }

  std::string FateOf(const Transmission& t) const {
    std::string how = t.segment.retransmission ? "repeated" : "sent";
    if (t.segment.probe) absl::StrAppend(&how, " (tail loss probe)");
    if (t.lost()) return absl::StrCat(how, ": lost (", LossName(t.segment.fate), ")");
    if (t.arrived != kNever) {
      const bool late = t.arrived > incident_.declared;
      return absl::StrCat(how, ": arrived at ", At(t.arrived), late ? ", too late" : "");
    }
    if (t.ignored != kNever) {
      return absl::StrCat(how, ": arrived at ", At(t.ignored), " and was ignored (",
                          t.why_ignored == 0 ? "nobody there" : LossName(t.why_ignored), ")");
    }
    return absl::StrCat(how, ": on its way when this stretch ends");
  }

  void Packet(uint64_t id, bool awaited) {
    const LoggedPacket& p = *log_.Packet(id);
    const bool up = p.fields.direction == kUp;
    std::string text = absl::StrCat(up ? client_ : "the broker", " wrote ", PacketName(p.fields));
    if (awaited) {
      absl::StrAppend(&text, "; read in time, it would have prevented the declaration");
    } else if (p.received <= incident_.declared) {
      absl::StrAppend(&text, ", which asks for an answer; read at ", At(p.received));
    } else {
      absl::StrAppend(&text, ", which asks for an answer; not read in time");
    }
    StoryStep& step = Step(p.written, text);
    step.packet = id;
    size_t n = 0;
    for (const uint64_t t_id : p.transmissions) {
      const Transmission* t = log_.Sent(t_id);
      if (t == nullptr || t->sent > incident_.declared) continue;
      // Of a packet that was read in time, what brought it and what was lost before.
      const bool later = t->arrived != kNever && t->arrived > p.received;
      if (!awaited && p.received <= incident_.declared && later) continue;
      if (++n > kTransmissions) continue;
      step.lines.push_back({absl::StrCat(At(t->sent), " ", FateOf(*t)), t_id});
    }
    if (n > kTransmissions) {
      step.lines.push_back(
          {absl::StrCat("and ", n - kTransmissions, " more before the declaration")});
    }
    if (n == 0) step.lines.push_back({"it was not sent before the declaration"});
    if (!awaited) return;
    step.lines.push_back(
        {p.received == kNever
             ? "it was never read"
             : absl::StrCat("it was read at ", At(p.received), ", ",
                            ShortDuration(p.received - incident_.declared), " too late")});
  }

  void Absent() {
    if (!facts_.awaited.empty()) return;
    if (by_broker_) {
      Step(incident_.declared, absl::StrCat(client_, " had written nothing since"));
      return;
    }
    const bool asked =
        std::any_of(facts_.requests.begin(), facts_.requests.end(),
                    [&](uint64_t id) { return log_.Packet(id)->received <= incident_.declared; });
    Step(incident_.declared, asked ? "the broker had not answered"
                                   : "no request had reached the broker: it had nothing to "
                                     "answer");
  }

  void Rule() {
    if (by_broker_) {
      const BrokerProfile& p = plan_.broker.profile;
      const GroundTruth::End* end = stretch_.truth.Find(incident_.conn, Observer::kBroker);
      std::string limit;
      if (end != nullptr) {
        limit = absl::StrCat("; with keepAlive ", end->keep_alive_s, "s that is ",
                             FormatDuration(end->limit));
      }
      story_.rule = absl::StrCat("The broker (profile ", p.name, p.version.empty() ? "" : " ",
                                 p.version, ") allows a silence of ", GraceWords(p), limit,
                                 ". Its check: ", CheckingWords(p), ". It counted ",
                                 FormatDuration(incident_.silence), ".");
      story_.source = p.source;
      return;
    }
    const ClientProfile& p = group_->profile;
    story_.rule = absl::StrCat(
        "The client (profile ", p.name, p.version.empty() ? "" : " ", p.version, ") sends PINGREQ ",
        PingRuleWords(p), " and waits ", WaitRuleWords(p), "; what ends the wait: ", AnswerWords(p),
        ". keepAlive is ", group_->connect.keep_alive_s, "s; it had heard nothing for ",
        FormatDuration(incident_.silence), ".");
    story_.source = p.source;
  }

  // What made the peer unreachable at the declaration; empty: nothing did.
  std::vector<std::string> Reasons() const {
    const GroundTruth& t = stretch_.truth;
    std::vector<std::string> why;
    const auto since = [&](const Condition& c, absl::string_view what) {
      if (c.holds) why.push_back(absl::StrCat(what, " since ", At(c.since)));
    };
    if (by_broker_) {
      since(t.down, absl::StrCat(client_, " was down (", FailureKindName(t.down_kind), ")"));
      since(t.frozen, absl::StrCat(client_, "'s process was frozen"));
      since(t.asleep, absl::StrCat(client_, "'s host was asleep"));
    } else {
      since(t.broker_down, "the broker was down");
      since(t.broker_stalled, "the broker stood still");
    }
    since(t.cut, "the path was cut");
    if (facts_.mapping_lost) {
      why.push_back(absl::StrCat("the middlebox had lost the mapping since ", At(t.unmapped_at)));
    }
    if (facts_.peer_closed != kNever) {
      why.push_back(absl::StrCat(Peer(), " had closed its end of the connection at ",
                                 At(facts_.peer_closed), " (", CloseReasonText(facts_.peer_reason),
                                 ")"));
    }
    return why;
  }

  void Verdicts() {
    const std::vector<std::string> reasons = Reasons();
    const GroundTruth& t = stretch_.truth;
    const std::string fine = absl::StrCat("at that instant ", Peer(),
                                          " lived and ran, the path was up, no mapping was lost "
                                          "and its end of the connection existed");
    const std::string silence_from = At(incident_.declared - incident_.silence);
    switch (incident_.verdict) {
      case Verdict::kTrue:
        story_.verdict.push_back(absl::StrCat("True: ", absl::StrJoin(reasons, "; "), "."));
        return story_.verdict.push_back(
            "Neither transient nor false: both are for a peer that lives and can be reached at the "
            "instant of the declaration.");
      case Verdict::kTransient:
        story_.verdict.push_back(absl::StrCat("Not true: ", fine, "."));
        return story_.verdict.push_back(absl::StrCat(
            "Not false: the path had been cut from ", At(t.cut.since), " to ", At(t.cut.until),
            ", within the silence that began at ", silence_from, "."));
      case Verdict::kFalse:
        story_.verdict.push_back(absl::StrCat("Not true: ", fine, "."));
        return story_.verdict.push_back(
            absl::StrCat("Not transient: the path was not cut at any time of the silence, "
                         "which began at ",
                         silence_from, "."));
    }
  }

  // What came too late had been lost before, or had not.
  std::string RepairedWords() const {
    size_t repaired = 0;
    for (const std::vector<uint64_t>* ids : {&facts_.requests, &facts_.awaited}) {
      for (const uint64_t id : *ids) {
        for (const uint64_t t : log_.Packet(id)->transmissions) {
          repaired += log_.Sent(t) != nullptr && log_.Sent(t)->lost();
        }
      }
    }
    if (repaired == 0) return "Nothing was lost, but what was on its way came too late: ";
    return absl::StrCat("What had been lost, in ", repaired,
                        repaired == 1 ? " transmission" : " transmissions",
                        ", was repaired, but too late. At the declaration: ");
  }

  std::string CauseWords() const {
    const Evidence& e = incident_.evidence;
    const std::string lost =
        absl::StrCat(e.lost, " transmissions from ", Peer(), " and ", e.reply_lost,
                     " to it were lost since it was last heard; ", e.undelivered,
                     e.undelivered == 1 ? " packet" : " packets", " had not arrived.");
    switch (incident_.cause) {
      case Cause::kFailure:
        return incident_.failure == FailureKind::kNone
                   ? "The declaration was right: the connection had no other end any more."
                   : "The declaration was right: the failure itself is the cause.";
      case Cause::kPathCut:
        return absl::StrCat("What was sent while the path was cut was lost. ", lost);
      case Cause::kMiddleboxExpiry:
        return "The middlebox had forgotten the connection within the silence.";
      case Cause::kPeerStalled:
        return incident_.verdict == Verdict::kTrue
                   ? absl::StrCat("The declaration was right: ", Peer(), " stood still.")
                   : absl::StrCat(Peer(), " had stood still within the silence, and ran again.");
      case Cause::kObserverStalled:
        return absl::StrCat(Observing(), " itself had stood still within the silence.");
      case Cause::kPacketsLost:
        return absl::StrCat("Packets were lost and not repaired in time: ", lost);
      case Cause::kPacketsLate:
        return absl::StrCat(RepairedWords(), lost);
      case Cause::kClockDrift:
        return "The client's clock ran wrong: with a right one it would not have happened.";
      case Cause::kClientRule:
        return absl::StrCat(
            "The client ran all the while and wrote nothing: by its rule PINGREQ "
            "follows ",
            PingRuleWords(group_->profile), ", which can be later than this broker allows.");
      case Cause::kCheckGranularity:
        return absl::StrCat("The check rounds, and declared before the limit had passed (",
                            CheckingWords(plan_.broker.profile), ").");
      case Cause::kBrokerBusy:
        return "The broker had not yet handled what had arrived: it has more to do than it can.";
      case Cause::kUnknown:
        return "None of the known causes applies.";
    }
    return "";
  }

  const Plan& plan_;
  const RecordText text_;
  const IncidentStretch& stretch_;
  const PacketLog& log_;
  const Incident& incident_;
  const Explanation facts_;
  const bool by_broker_;
  const std::string client_;
  const GroupPlan* group_ = nullptr;
  Story story_;
};

// One line, the time before it; further lines of a long text stand below its first.
void AddStep(const StoryStep& step, std::string* out) {
  const std::string lines = Wrap(step.text, kTimeWidth + 2, kTextWidth);
  absl::StrAppend(out, PadLeft(At(step.at), kTimeWidth), lines.substr(kTimeWidth));
  for (const StoryLine& line : step.lines) {
    absl::StrAppend(out, std::string(kTimeWidth + 4, ' '), line.text, "\n");
  }
}

}  // namespace

Story ExplanationStory(const Plan& plan, const TraceHeader& header, const IncidentStretch& stretch,
                       const Incident& incident) {
  return Teller(plan, header, stretch, incident).Tell();
}

std::string ExplanationText(const Plan& plan, const TraceHeader& header,
                            const IncidentStretch& stretch, const Incident& incident) {
  const Story story = ExplanationStory(plan, header, stretch, incident);
  const auto wrapped = [](absl::string_view text) { return Wrap(text, 2, kTextWidth); };
  std::string out = absl::StrCat(IncidentLine(incident, header), "\n\nWhat happened\n");
  for (const StoryStep& step : story.steps) AddStep(step, &out);
  absl::StrAppend(&out, "\nThe rule\n", wrapped(story.rule),
                  wrapped(absl::StrCat("Source: ", story.source)),
                  "\nThe verdict: ", VerdictName(incident.verdict), "\n");
  for (const std::string& sentence : story.verdict) absl::StrAppend(&out, wrapped(sentence));
  return absl::StrCat(out, "\nThe cause: ", CauseName(incident.cause), "\n", wrapped(story.cause));
}

std::string AnswerText(const Counterfactual& change, const absl::StatusOr<Answer>& answer,
                       const Incident& incident) {
  std::string out = absl::StrCat("  ", change.change, "\n");
  for (const std::string& o : change.overrides) absl::StrAppend(&out, "    --set '", o, "'\n");
  if (change.overrides.empty())
    return absl::StrCat(out, "    not simulated: ", change.why_not, "\n");
  if (!answer.ok()) {
    return absl::StrCat(out, "    not simulated: ",
                        absl::StripAsciiWhitespace(std::string(answer.status().message())), "\n");
  }
  if (!answer->happened) return out + "    no: it would not have happened\n";
  const Duration later = answer->at - incident.declared;
  absl::StrAppend(&out, "    yes, at ", At(answer->at));
  if (later.ns != 0) {
    absl::StrAppend(&out, " (", ShortDuration(later.ns > 0 ? later : -later),
                    later.ns > 0 ? " later)" : " earlier)");
  }
  return absl::StrCat(out, ": ", VerdictName(answer->verdict), "\n");
}

}  // namespace keepsim
