#include "tools/report/metric_title.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace keepsim {
namespace {

using Names = std::vector<std::pair<absl::string_view, absl::string_view>>;

absl::string_view Find(const Names& names, absl::string_view name) {
  for (const auto& [key, value] : names) {
    if (key == name) return value;
  }
  return "";
}

std::string Title(absl::string_view metric) {
  static const Names& whole = *new Names{
      {"cost.packets_per_client_day", "MQTT packets per client-day"},
      {"cost.pings_per_client_day", "PINGREQ per client-day"},
      {"cost.wire_bytes_per_client_day", "bytes on the wire per client-day"},
      {"cost.radio_wakeups_per_client_day", "radio wake-ups per client-day"},
      {"cost.connected_share", "share of the time connected"},
      {"qos.mistake_rate_per_client_day", "mistakes per client-day"},
      {"qos.query_accuracy", "query accuracy P_A"},
      {"qos.session_share", "share of the time with a session"},
  };
  static const Names& latency = *new Names{
      {"min_s", "shortest"}, {"p50_s", "median"}, {"p90_s", "90 %"},  {"p99_s", "99 %"},
      {"max_s", "longest"},  {"mean_s", "mean"},  {"count", "count"},
  };
  static const Names& declared = *new Names{
      {"false_per_client_day", "false declarations per client-day"},
      {"false_count", "false declarations"},
      {"transient_count", "transient declarations"},
      {"true_count", "true declarations"},
  };
  if (const absl::string_view title = Find(whole, metric); !title.empty()) {
    return std::string(title);
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(metric, '.');
  if (parts.size() == 3 && parts[0] == "detection") {
    const absl::string_view of = Find(latency, parts[2]);
    if (!of.empty()) return absl::StrCat("detection by the ", parts[1], ", ", of);
  }
  if (parts.size() == 3 && parts[0] == "declarations") {
    const absl::string_view of = Find(declared, parts[2]);
    if (!of.empty()) return absl::StrCat(of, " by the ", parts[1]);
  }
  absl::ConsumeSuffix(&metric, "_s");
  return absl::StrReplaceAll(metric, {{".", " "}, {"_", " "}});
}

}  // namespace

std::string MetricTitle(absl::string_view metric, absl::string_view group) {
  return group.empty() ? Title(metric) : absl::StrCat(Title(metric), " (", group, ")");
}

}  // namespace keepsim
