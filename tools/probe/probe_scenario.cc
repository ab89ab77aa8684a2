#include "tools/probe/probe_scenario.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sim/base/duration_text.h"
#include "sim/metrics/render.h"

namespace keepsim {
namespace {

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

// Eight cells to the octave; within a cell from its smallest to its largest value.
int Cell(Duration d) {
  const auto ns = static_cast<uint64_t>(std::max<int64_t>(d.ns, 8));
  const int octave = std::bit_width(ns);
  return octave * 8 + static_cast<int>(ns >> (octave - 4) & 7);
}

struct Bin {
  Duration low, high;
  int64_t count = 0;
};

// Half of each round trip.
std::vector<Bin> HalfTrips(const std::vector<Duration>& round_trips) {
  std::vector<Duration> halves;
  for (const Duration d : round_trips) halves.push_back(d / 2);
  std::sort(halves.begin(), halves.end());
  std::vector<Bin> bins;
  for (const Duration d : halves) {
    if (bins.empty() || Cell(bins.back().low) != Cell(d)) bins.push_back({d, d, 0});
    bins.back().high = d;
    ++bins.back().count;
  }
  return bins;
}

std::string Latency(const std::vector<Bin>& bins) {
  std::string out = "      latency { empirical {\n";
  for (const Bin& b : bins) {
    absl::StrAppend(&out, "        bins { low: \"", FormatDuration(b.low), "\" high: \"",
                    FormatDuration(b.high), "\" weight: ", b.count, " }\n");
  }
  return out + "      } }\n";
}

// Every line a comment.
std::string Comment(const std::string& text) {
  std::string out;
  for (const auto& line : absl::StrSplit(Wrap(text, 0, 98), '\n', absl::SkipEmpty())) {
    absl::StrAppend(&out, "# ", line, "\n");
  }
  return out;
}

std::string Head(const probe_pb::ProbeSummary& s) {
  std::string out = Comment(
      absl::StrCat("What keepAlive does the broker at ", s.broker(),
                   " need? Written by keepsim probe: ", s.clients().pinging(), " pinging and ",
                   s.clients().silent(), " silent clients for ", SecondsText(s.ran_s()), ", MQTT ",
                   s.mqtt_version(), ", ", s.tls().empty() ? "no TLS" : s.tls(), "."));
  if (!s.complete()) {
    absl::StrAppend(&out, "#\n", Comment("PARTIAL: " + absl::StrJoin(s.missing(), "; ") + "."));
  }
  return out;
}

// The rule measured, where no profile comes near it: closes at some time from the shortest to the
// longest silence seen.
std::string MeasuredRow(const probe_pb::ProbeSummary& s) {
  const auto ns = [](double seconds) { return Nanoseconds(static_cast<int64_t>(seconds * 1e9)); };
  const uint32_t k = s.has_server_keep_alive_s() ? s.server_keep_alive_s() : s.keep_alive_s();
  const Duration low = ns(s.silence().closed().min_s());
  const Duration spread = ns(s.silence().closed().max_s()) - low;
  std::string out = Comment(
      "No profile explains the silences measured. This row closes at any time from the shortest to "
      "the longest of them; for another keepAlive it is a guess.");
  absl::StrAppend(&out, "broker_profiles {\n  name: \"measured\"\n  grace_factor: 1\n");
  const Duration extra = std::max(Duration{0}, low - Seconds(k));
  absl::StrAppend(&out, "  grace_extra: \"", FormatDuration(extra), "\"\n");
  if (spread > Milliseconds(1)) {
    absl::StrAppend(&out, "  mechanism: SCAN\n  period: \"", FormatDuration(spread), "\"\n");
  }
  return out + "}\nbroker { profile: \"measured\"";
}

std::string Broker(const probe_pb::ProbeSummary& s) {
  std::string out;
  if (s.broker_fit().empty()) {
    out = Comment(
        "How long the broker tolerates silence was not measured: the specification's rule "
        "(1.5 x keepAlive).");
    absl::StrAppend(&out, "broker { profile: \"spec\"");
  } else if (!s.fit_facts().explained()) {
    out = MeasuredRow(s);
  } else {
    std::vector<std::string> equal, others;
    for (const auto& f : s.broker_fit()) {
      const std::string text = absl::StrCat(f.profile(), " (", SecondsText(f.distance_s()), ")");
      if (f.as_good_as_best()) {
        equal.push_back(text);
      } else if (others.size() < 4) {
        others.push_back(text);
      }
    }
    out = Comment(absl::StrCat("Silences measured: ", s.silence().closed().count(), ", from ",
                               SecondsText(s.silence().closed().min_s()), " to ",
                               SecondsText(s.silence().closed().max_s()),
                               ". Mean difference from the profiles: ", absl::StrJoin(equal, ", "),
                               equal.size() > 1 ? ", which fit equally well; then " : "; then ",
                               absl::StrJoin(others, ", "), "."));
    absl::StrAppend(&out, "broker { profile: ", Quoted(s.broker_fit(0).profile()));
  }
  if (s.has_server_keep_alive_s() && s.server_keep_alive_s() < s.keep_alive_s()) {
    absl::StrAppend(&out, " max_keep_alive_s: ", s.server_keep_alive_s());
  }
  return out + " }\n";
}

}  // namespace

std::string ProbeScenario(const probe_pb::ProbeSummary& s, const ProbeOptions& options,
                          const ProbeResult& result) {
  std::string out = Head(s);
  absl::StrAppend(&out, "question: ",
                  Quoted(absl::StrCat("With the path and the broker measured at ", s.broker(),
                                      ", how fast are dead clients noticed, and does keepAlive ",
                                      s.keep_alive_s(), " s cost living ones their connection?")),
                  "\nname: \"probed\"\nhorizon: \"24h\"\n");
  absl::StrAppend(
      &out, "groups {\n  name: \"probed\"\n",
      "  # Not measured: how many clients you have, and how often they die. Put yours.\n",
      "  count: 100\n",
      "  random_faults { fault: CRASH gap { exponential { mean: \"24h\" } } length { "
      "constant: \"10m\" } }\n");
  absl::StrAppend(&out, "  client: ", Quoted(s.client()),
                  options.connect.version == MqttVersion::kV5 ? "\n  mqtt_version: V5" : "",
                  "\n  keep_alive: \"", s.keep_alive_s(), "s\"\n  start { spread: \"",
                  s.keep_alive_s(), "s\" }\n");
  const auto& rtt = s.pings().round_trip();
  const std::string path =
      absl::StrCat("  # ", CountText(rtt.count()), " round trips of PINGREQ and PINGRESP, from ",
                   SecondsText(rtt.min_s()), " to ", SecondsText(rtt.max_s()), ", median ",
                   SecondsText(rtt.p50_s()), ".\n",
                   "  # Each is split into two equal one-way halves, and both directions draw from "
                   "those: what one\n",
                   "  # direction alone takes cannot be seen from one end, and the sum of two "
                   "draws varies less than\n",
                   "  # the round trips did. The broker's own time is in them; so are "
                   "retransmissions, hence no loss.\n");
  absl::StrAppend(&out, path, "  path {\n    both {\n", Latency(HalfTrips(result.round_trips)),
                  "    }\n  }\n}\n", Broker(s));
  return out;
}

}  // namespace keepsim
