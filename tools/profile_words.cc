#include "tools/profile_words.h"

#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "sim/base/duration_text.h"

namespace keepsim {
namespace {

std::string Line(const char* what, const std::string& text) {
  return absl::StrFormat("    %-15s %s\n", what, text);
}

// "3/4 x keepAlive - 100ms (at most 5s)"
std::string Length(const OfKeepAlive& of) {
  std::string text;
  if (of.num == 0) {
    text = of.offset.ns == 0 ? "" : FormatDuration(of.offset);
  } else {
    const int32_t d = std::gcd(of.num, of.den);
    const int32_t num = of.num / d;
    const int32_t den = of.den / d;
    text = num == den ? "keepAlive"
           : num == 1 ? absl::StrCat("keepAlive / ", den)
           : den == 1 ? absl::StrCat(num, " x keepAlive")
                      : absl::StrCat(num, "/", den, " x keepAlive");
    if (of.offset.ns > 0) absl::StrAppend(&text, " + ", FormatDuration(of.offset));
    if (of.offset.ns < 0) absl::StrAppend(&text, " - ", FormatDuration(-of.offset));
  }
  std::vector<std::string> bounds;
  if (of.min.ns > 0) bounds.push_back(absl::StrCat("at least ", FormatDuration(of.min)));
  if (of.max < kForever) bounds.push_back(absl::StrCat("at most ", FormatDuration(of.max)));
  return bounds.empty() ? text : absl::StrCat(text, " (", absl::StrJoin(bounds, ", "), ")");
}

std::string Limit(Duration d) { return d >= kForever ? "no limit of its own" : FormatDuration(d); }

// ---- the client -------------------------------------------------------------------------------

std::string Received(InReference reference) {
  switch (reference) {
    case InReference::kAnyPacket:
      return "any packet received";
    case InReference::kAcks:
      return "the last acknowledgement or PINGRESP received";
    case InReference::kPingresp:
      return "CONNACK or the last PINGRESP";
  }
  return "";
}

std::string Sent(OutReference reference) {
  switch (reference) {
    case OutReference::kAnyPacket:
      return "any packet sent";
    case OutReference::kPingOnly:
      return "the last PINGREQ (publishing does not postpone it)";
    case OutReference::kAckedOperation:
      return "the last PINGREQ, or the sending of the last operation that was acknowledged";
  }
  return "";
}

std::string Pinging(const ClientProfile& p) {
  const std::string after = Length(p.ping_after);
  const std::string in = p.ping_after_in == Fixed(Duration{0}) ? after : Length(p.ping_after_in);
  switch (p.ping_when) {
    case PingWhen::kOutSilent:
      return absl::StrCat(after, " after ", Sent(p.out_reference));
    case PingWhen::kInSilent:
      return absl::StrCat(after, " after ", Received(p.in_reference));
    case PingWhen::kEitherSilent:
      return absl::StrCat(after, " after ", Sent(p.out_reference), ", or ", in, " after ",
                          Received(p.in_reference), ", whichever comes first");
    case PingWhen::kAlways:
      return absl::StrCat("every ", after, ", whatever else is sent or received");
    case PingWhen::kCounterTick:
      return absl::StrCat("every ", after,
                          ", unless something was sent since the last such look; the first look "
                          "of a connection always pings");
  }
  return "";
}

std::string Waiting(const ClientProfile& p) {
  const std::string wait = Length(p.pingresp_wait);
  switch (p.wait_rule) {
    case WaitRule::kAfterPing:
      return absl::StrCat(wait, " after PINGREQ");
    case WaitRule::kAfterPingAndLast:
      return absl::StrCat(wait, " after PINGREQ and after ", Received(p.in_reference));
    case WaitRule::kAfterLast:
      return absl::StrCat(wait, " after ", Received(p.in_reference));
    case WaitRule::kAtNextPing:
      return "until the next PINGREQ is due";
    case WaitRule::kAtNextStale:
      return "until the condition for a PINGREQ is met again";
    case WaitRule::kIgnored:
      return "for ever: a missing PINGRESP is not noticed";
  }
  return "";
}

std::string Answer(PingrespBy by) {
  switch (by) {
    case PingrespBy::kPingresp:
      return "PINGRESP";
    case PingrespBy::kAnyPacket:
      return "any packet";
    case PingrespBy::kInput:
      return "any acknowledgement or PINGRESP";
  }
  return "";
}

std::string Loop(const ClientProfile& p) {
  std::string text =
      absl::StrCat("when a packet arrives", p.woken_by_sends ? " or is sent" : "", ", and ",
                   FormatDuration(p.loop_wait + p.loop_pause), " after the last such turn");
  if (p.loop_pause.ns > 0) {
    absl::StrAppend(&text, " (", FormatDuration(p.loop_pause), " of which it does not read)");
  }
  const std::string tick = Length(p.tick);
  if (!tick.empty()) absl::StrAppend(&text, "; not sooner than ", tick, " after the last look");
  return text;
}

std::string Looking(const ClientProfile& p) {
  if (p.loop_wait.ns > 0) return Loop(p);
  const bool ticked = p.ping_when == PingWhen::kAlways || p.ping_when == PingWhen::kCounterTick;
  const std::string tick = Length(p.tick);
  std::string text = tick.empty() || ticked ? "exactly in time" : absl::StrCat("every ", tick);
  if (p.long_keep_alive < kForever) {
    absl::StrAppend(&text, "; with keepAlive above ", FormatDuration(p.long_keep_alive), " every ",
                    Length(p.long_tick));
  }
  if (!tick.empty() && !p.wait_on_tick) absl::StrAppend(&text, "; the wait ends exactly in time");
  if (p.loop_delay_max.ns > 0) {
    absl::StrAppend(&text, ", late by up to ", FormatDuration(p.loop_delay_max));
  }
  return text;
}

const char* ClockName(ClockKind kind) {
  switch (kind) {
    case ClockKind::kMonotonic:
      return "monotonic (stands still while the host sleeps)";
    case ClockKind::kBoottime:
      return "boot time (runs on while the host sleeps)";
    case ClockKind::kWall:
      return "wall clock (jumps when it is set)";
  }
  return "";
}

std::string KeepAlive(const ClientProfile& p) {
  std::string text = absl::StrCat("default ", FormatDuration(p.default_keep_alive));
  if (p.keep_alive_min_s > 0) absl::StrAppend(&text, ", at least ", p.keep_alive_min_s, "s");
  switch (p.zero_keep_alive) {
    case ZeroKeepAlive::kOff:
      absl::StrAppend(&text, "; 0 turns it off");
      break;
    case ZeroKeepAlive::kAsIs:
      absl::StrAppend(&text, "; 0 does not turn it off");
      break;
    case ZeroKeepAlive::kInLimit:
      absl::StrAppend(&text, "; with 0 the limit on received silence still applies");
      break;
  }
  return absl::StrCat(
      text,
      p.apply_server_keep_alive ? "; obeys Server Keep Alive" : "; does not obey Server Keep Alive",
      p.apply_server_keep_alive && !p.apply_server_keep_alive_zero ? ", but not one of 0" : "");
}

std::string Jitter(const ReconnectPolicy& r) {
  switch (r.jitter) {
    case JitterKind::kNone:
      return "no jitter";
    case JitterKind::kPlusMinus:
      return absl::StrFormat("jitter +-%d.%d %%", r.jitter_permille / 10, r.jitter_permille % 10);
    case JitterKind::kFull:
      return "full jitter (uniform from 0)";
    case JitterKind::kDecorrelated:
      return "decorrelated jitter";
  }
  return "";
}

std::string Reconnecting(const ReconnectPolicy& r) {
  if (r == ReconnectPolicy{.enabled = false}) return "no: the application's work";
  std::string text = r.enabled ? "" : "off by default; if turned on: ";
  absl::StrAppend(&text, "after ", FormatDuration(r.first));
  if (r.growth_num == r.growth_den) {
    absl::StrAppend(&text, ", always");
  } else {
    absl::StrAppend(&text, ", then ", FormatDuration(r.min), " to ", FormatDuration(r.max),
                    " growing by a factor of ", static_cast<double>(r.growth_num) / r.growth_den);
  }
  absl::StrAppend(&text, ", ", Jitter(r));
  if (r.at_once_after_close) absl::StrAppend(&text, "; before that, at once if it was closed");
  if (r.evaluated_every.ns > 0) {
    absl::StrAppend(&text, "; looked at every ", FormatDuration(r.evaluated_every));
    if (r.evaluated_turn.ns > 0) {
      absl::StrAppend(&text, ", in turns of ", FormatDuration(r.evaluated_turn));
    }
  }
  if (!r.first_connection) absl::StrAppend(&text, "; not if the first connection fails");
  if (r.stable_after.ns > 0) {
    absl::StrAppend(&text, "; reset once connected for ", FormatDuration(r.stable_after));
  }
  return text;
}

std::string Connecting(const ClientProfile& p) {
  const std::string transport =
      p.connect_within_keep_alive ? "keepAlive" : Limit(p.connect_timeout);
  if (p.connack_within_connect) return absl::StrCat("transport and CONNACK ", transport);
  return absl::StrCat("transport ", transport, ", CONNACK ",
                      p.connack_within_keep_alive ? "keepAlive" : Limit(p.connack_timeout));
}

// ---- the broker -------------------------------------------------------------------------------

std::string Grace(const BrokerProfile& p) {
  std::string text = Length({p.grace_num, p.grace_den, p.grace_extra});
  if (p.rounding == LimitRounding::kFloorSeconds) absl::StrAppend(&text, ", less the part second");
  if (p.rounding == LimitRounding::kRoundSeconds) absl::StrAppend(&text, ", to the nearest second");
  if (p.wrap_16_bit) absl::StrAppend(&text, ", modulo 65536 s");
  return absl::StrCat(text, p.strict ? "; must be exceeded" : "");
}

std::string Checking(const BrokerProfile& p) {
  const std::string period = Length(p.period);
  std::string text;
  switch (p.mechanism) {
    case CheckMechanism::kExactTimer:
      text = "a timer of the connection, exactly in time";
      break;
    case CheckMechanism::kScan:
      text = absl::StrCat("a scan of all clients every ", period);
      break;
    case CheckMechanism::kIdleTicks:
      text =
          absl::StrCat("a tick of the connection every ", period, "; closes after ", p.idle_ticks,
                       p.idle_ticks == 1 ? " tick" : " ticks", " in a row without activity");
      break;
    case CheckMechanism::kAccumulatedTicks:
      text = absl::StrCat("a tick of the connection every ", period,
                          "; whole idle ticks add up to the silence",
                          p.pingreq_restarts_tick ? "; PINGREQ restarts the tick" : "");
      break;
    case CheckMechanism::kTickCompare:
      text = absl::StrCat("a tick of the connection every ", period);
      break;
  }
  return absl::StrCat(text, p.whole_seconds ? "; in whole seconds" : "");
}

std::string Activity(const BrokerProfile& p) {
  const char* received = "";
  switch (p.activity) {
    case ActivityRule::kWholePackets:
      received = "whole packets";
      break;
    case ActivityRule::kAnyBytes:
      received = "any bytes";
      break;
    case ActivityRule::kPartialOver1000:
      received = "whole packets, or parts of one with more than 1000 bytes to come";
      break;
    case ActivityRule::kFourTypes:
      received = "PUBLISH, SUBSCRIBE, PINGREQ and PUBACK";
      break;
  }
  return absl::StrCat(received, p.outgoing_counts ? ", and packets sent to the client" : "");
}

std::string WaitForConnect(const BrokerProfile& p) {
  return absl::StrCat(Limit(p.connect_timeout),
                      p.connect_on_scan ? ", at the next scan after it" : "");
}

std::string Limits(const BrokerProfile& p) {
  const bool limited = p.keep_alive_min_s > 0 || p.keep_alive_max_s < 65535;
  std::string text = limited ? absl::StrCat(p.keep_alive_min_s, "s to ", p.keep_alive_max_s, "s")
                             : "none unless the scenario sets max_keep_alive_s";
  switch (p.limit_reply) {
    case KeepAliveLimitReply::kNone:
      break;
    case KeepAliveLimitReply::kServerKeepAlive:
      absl::StrAppend(&text, "; beyond: 5.0 Server Keep Alive, 3.1.1 refused");
      break;
    case KeepAliveLimitReply::kSilentClamp:
      absl::StrAppend(&text, "; beyond: the limit is used without a word");
      break;
    case KeepAliveLimitReply::kServerKeepAliveV5:
      absl::StrAppend(&text, "; beyond: 5.0 Server Keep Alive, 3.1.1 accepted");
      break;
    case KeepAliveLimitReply::kReplaceV5:
      absl::StrAppend(&text, "; if set: 5.0 Server Keep Alive for everybody, 3.1.1 accepted");
      break;
    case KeepAliveLimitReply::kRefuse:
      absl::StrAppend(&text, "; beyond: refused with ", p.refusal_code);
      break;
  }
  return absl::StrCat(text, "; keepAlive 0 ",
                      p.refuse_zero_keep_alive    ? "is refused"
                      : p.zero_keep_alive_exceeds ? "is beyond"
                      : p.zero_keep_alive_is_max  ? "counts as the longest"
                                                  : "turns the check off");
}

std::string Wills(const BrokerProfile& p) {
  std::string text;
  switch (p.takeover_will) {
    case TakeoverWill::kSpec:
      text = "at takeover as the specification says";
      break;
    case TakeoverWill::kIfSessionEnds:
      text = "at takeover if the old session ends or the new one is a clean start";
      break;
    case TakeoverWill::kIfNoDelay:
      text = "at takeover unless it has a Will Delay";
      break;
  }
  if (!p.will_on_takeover) absl::StrAppend(&text, ", in 3.1.1 never");
  if (p.will_granularity.ns == 0) return absl::StrCat(text, "; delayed ones exactly in time");
  return absl::StrCat(text, "; delayed ones are looked at every ",
                      FormatDuration(p.will_granularity));
}

}  // namespace

std::string InWords(const ClientProfile& p) {
  return absl::StrCat(
      Line("keepAlive", KeepAlive(p)), Line("PINGREQ", Pinging(p)),
      p.ping_resets_both ? Line("", "PINGREQ counts as received, too") : "",
      p.one_ping_at_a_time ? "" : Line("", "a second one may follow while one is unanswered"),
      Line("waits", Waiting(p)), Line("answered by", Answer(p.pingresp_by)),
      Line("looks", Looking(p)),
      Line("clock", absl::StrCat(ClockName(p.clock), p.whole_seconds ? ", in whole seconds" : "")),
      Line("connecting", Connecting(p)), Line("reconnects", Reconnecting(p.reconnect)),
      Line("in flight", p.max_in_flight == 0
                            ? "QoS 1 and 2 without limit"
                            : absl::StrCat("at most ", p.max_in_flight, " of QoS 1 and 2")),
      Line("source", p.source));
}

std::string InWords(const BrokerProfile& p) {
  return absl::StrCat(
      Line("silence allowed", Grace(p)), Line("check", Checking(p)), Line("activity", Activity(p)),
      p.kill_batch == 0
          ? ""
          : Line("closes", absl::StrCat("at most ", p.kill_batch, " every ",
                                        FormatDuration(p.kill_period), ", in one queue")),
      Line("keepAlive", Limits(p)), Line("CONNECT within", WaitForConnect(p)),
      p.recovers ? Line("recovers", "closes nothing; the next packet is enough to be trusted again")
                 : "",
      Line("will", Wills(p)), Line("source", p.source));
}

std::string InBrief(const ClientProfile& p) {
  return absl::StrCat("keepAlive ", FormatDuration(p.default_keep_alive), "; waits ", Waiting(p),
                      "; reconnects: ", Reconnecting(p.reconnect));
}

std::string InBrief(const BrokerProfile& p) {
  return absl::StrCat("closes after ", Grace(p), "; ", Checking(p), "; activity: ", Activity(p),
                      "; CONNECT within ", WaitForConnect(p));
}

std::string PingRuleWords(const ClientProfile& p) { return Pinging(p); }
std::string WaitRuleWords(const ClientProfile& p) { return Waiting(p); }
std::string AnswerWords(const ClientProfile& p) { return Answer(p.pingresp_by); }
std::string LookingWords(const ClientProfile& p) { return Looking(p); }
std::string GraceWords(const BrokerProfile& p) { return Grace(p); }
std::string CheckingWords(const BrokerProfile& p) { return Checking(p); }

}  // namespace keepsim
