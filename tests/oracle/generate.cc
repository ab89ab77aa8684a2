#include "tests/oracle/generate.h"

#include "absl/strings/str_cat.h"
#include "tests/base/luck.h"

namespace keepsim::oracle {
namespace {

constexpr int64_t kHorizonMs = 150'000;

// Round times make ties; others do not.
int64_t Ms(Luck& luck, int64_t low, int64_t high) {
  const int64_t grain = luck.Of<int64_t>({1, 50, 500, 1000});
  return (low + luck.UpTo(high - low)) / grain * grain;
}

// Up takes time: with no latency it would matter which end's deadline comes first in an instant.
void AddLatencies(Luck& luck, std::string* text) {
  absl::StrAppend(text, " up { latency { constant: \"", luck.Of({1, 7, 50, 125, 250}),
                  "ms\" } } down { latency { constant: \"", luck.Of({0, 1, 7, 50, 125, 250}),
                  "ms\" } }");
}

void AddPublishing(Luck& luck, std::string* text) {
  if (luck.OneIn(2)) {
    absl::StrAppend(text, " publish { periodic { period: \"", Ms(luck, 1000, 20'000) + 500,
                    "ms\" phased: false } payload_bytes: ", luck.UpTo(40), " }");
  }
  if (luck.OneIn(3)) {
    absl::StrAppend(text, " publish { recorded {");
    for (int64_t at = Ms(luck, 0, 9000); at < kHorizonMs; at += Ms(luck, 1, 40'000) + 1) {
      absl::StrAppend(text, " at: \"", at, "ms\"");
    }
    absl::StrAppend(text, " } }");
  }
}

// Faults of one kind do not overlap; those of different kinds may.
template <typename What>
void AddFaults(Luck& luck, What what, std::string* text) {
  for (int64_t at = Ms(luck, 5000, 60'000); at < kHorizonMs; at += Ms(luck, 2000, 60'000)) {
    const int64_t length = Ms(luck, 1, luck.OneIn(2) ? 3000 : 25'000) + 1;
    absl::StrAppend(text, " faults { at: \"", at, "ms\"");
    const bool for_good = luck.OneIn(12);
    if (!for_good) absl::StrAppend(text, " duration: \"", length, "ms\"");
    absl::StrAppend(text, " ", what(), " }");
    if (for_good) return;
    at += length;
  }
}

}  // namespace

std::string Generate(uint64_t seed, Transport transport) {
  Luck luck(seed, 0);
  const bool tcp = transport == Transport::kTcp;
  std::string text =
      absl::StrCat("horizon: \"", kHorizonMs, "ms\" groups { name: \"g\" count: ", luck.UpTo(2) + 1,
                   " client: \"constant\" keep_alive: \"", luck.UpTo(9) + 1, "s\" start { at: \"",
                   Ms(luck, 0, 3000), "ms\" } path { transport: ", tcp ? "TCP" : "DATAGRAM");
  AddLatencies(luck, &text);
  absl::StrAppend(&text, " }");
  AddPublishing(luck, &text);
  const int64_t first = Ms(luck, 500, 5000) + 1;
  absl::StrAppend(&text, " } client_profiles { name: \"constant\" connack_timeout: \"",
                  luck.Of({3, 10, 30}), "s\" reconnect { first: \"", first, "ms\" min: \"", first,
                  "ms\" max: \"", luck.OneIn(2) ? first : 4 * first,
                  "ms\" growth: ", luck.OneIn(2) ? 1 : 2, " jitter: NONE }");
  if (luck.OneIn(2)) {
    absl::StrAppend(&text, " loop_wait: \"", Ms(luck, 100, 2500) + 1,
                    "ms\" woken_by_sends: ", luck.OneIn(2) ? "true" : "false");
  }
  absl::StrAppend(&text, " }");
  const auto client_fault = [&] {
    const char* kind = luck.Of({"CRASH", "FREEZE", "STOP", "KILL"});
    std::string select;
    if (luck.OneIn(2)) select = "select { first: 0 last: 0 } ";
    return absl::StrCat(select, "client: ", kind);
  };
  const auto cut = [&] {
    return absl::StrCat("partition { directions: ", luck.Of({"UP", "DOWN", "BOTH"}), " }");
  };
  const auto stall = [] { return std::string("broker_stall {}"); };
  const auto broker_down = [&] {
    const bool silent = !tcp && luck.OneIn(2);
    return absl::StrCat("broker_down { silent: ", silent ? "true" : "false", " }");
  };
  if (luck.OneIn(2)) AddFaults(luck, client_fault, &text);
  if (!tcp && luck.OneIn(2)) AddFaults(luck, cut, &text);
  if (luck.OneIn(3)) AddFaults(luck, stall, &text);
  if (luck.OneIn(4)) AddFaults(luck, broker_down, &text);
  return text;
}

}  // namespace keepsim::oracle
