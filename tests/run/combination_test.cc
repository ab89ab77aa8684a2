// Every client profile at every broker profile: where `keepsim check` warns that a combination
// cannot work, a short run without any loss shows it, and where it does not warn, none does.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/metrics/tally.h"
#include "sim/mqtt/profile_name.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"
#include "sim/scenario/load.h"

namespace keepsim {
namespace {

// With keepAlive 0 the longest silence is what the broker makes of it.
int LongOf(int keep_alive_s) { return keep_alive_s == 0 ? 1200 : std::max(keep_alive_s, 30); }

// Each client in two groups: one publishes now and then, the other, of half as many, is sent
// messages and publishes nothing.
std::string Scenario(const BrokerProfile& broker, int keep_alive_s, bool v5) {
  std::string text = absl::StrCat("name: \"all\" horizon: \"",
                                  LongOf(keep_alive_s) * (keep_alive_s == 0     ? 4
                                                          : keep_alive_s > 1000 ? 12
                                                                                : 60),
                                  "s\" broker { profile: \"", FullName(broker), "\" }");
  int n = 0;
  for (const ClientProfile& client : ClientProfiles()) {
    const int gap_s = LongOf(keep_alive_s) * 3;
    absl::StrAppend(&text, " groups { name: \"g", n, "\" count: 6 client: \"", FullName(client),
                    "\" keep_alive: \"", keep_alive_s, "s\" mqtt_version: ", v5 ? "V5" : "V3_1_1",
                    " start { spread: \"7s\" } publish { poisson { mean_gap: \"", gap_s,
                    "s\" } qos: ", n % 2,
                    " } path { both { latency { uniform { low: \"1ms\" high: \"40ms\" } } } } }");
    // With keepAlive 0 often enough that coreMQTT's limit on received silence never applies.
    const std::string messages =
        keep_alive_s == 0 ? "periodic { period: \"20s\" } qos: 0"
                          : absl::StrCat("poisson { mean_gap: \"", gap_s, "s\" } qos: ", n % 2);
    absl::StrAppend(&text, " groups { name: \"h", n, "\" count: 3 client: \"", FullName(client),
                    "\" keep_alive: \"", keep_alive_s, "s\" mqtt_version: ", v5 ? "V5" : "V3_1_1",
                    " start { spread: \"7s\" } subscribe: \"in\" receive { payload_bytes: 10 ",
                    messages,
                    " } path { both { latency { uniform { low: \"1ms\" high: \"40ms\" } } } } }");
    ++n;
  }
  return text;
}

bool Warns(const Diagnostics& diagnostics, int group, const char* of) {
  const std::string place = absl::StrCat("groups[", group, "]");
  for (const Diagnostic& d : diagnostics.items()) {
    if (absl::StartsWith(d.path, place) && absl::StrContains(d.message, of)) return true;
  }
  return false;
}

class CombinationTest : public testing::TestWithParam<int> {};

TEST_P(CombinationTest, IsWarnedOfExactlyWhereItCannotWork) {
  int thrown_out = 0, refused = 0, fine = 0;
  for (const BrokerProfile& broker : BrokerProfiles()) {
    for (const bool v5 : {false, true}) {
      // Server Keep Alive of 65535 s: the longest run is too short for that.
      if (v5 && GetParam() == 0 && broker.zero_keep_alive_exceeds) continue;
      Diagnostics diagnostics;
      const LoadedScenario scenario =
          LoadText(Scenario(broker, GetParam(), v5), ScenarioFormat::kText, "test", diagnostics);
      const auto plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
      ASSERT_TRUE(diagnostics.ok()) << diagnostics.Render();
      plan->Link();
      const auto result = keepsim::Run(*plan, {});
      ASSERT_TRUE(result.ok());
      for (size_t g = 0; g < plan->groups.size(); ++g) {
        const bool receives = g % 2 == 1;
        SCOPED_TRACE(absl::StrCat(FullName(ClientProfiles()[g / 2]), receives ? ", receiving" : "",
                                  " at ", FullName(broker), v5 ? ", 5.0" : ""));
        const Tally& t = result->metrics->groups()[g];
        const bool warned = Warns(diagnostics, static_cast<int>(g), "without any loss");
        const bool warned_of_refusal =
            Warns(diagnostics, static_cast<int>(g), "no client will connect");
        EXPECT_EQ(t.DeclaredCount(Observer::kBroker, Verdict::kFalse) > 0, warned);
        EXPECT_EQ(t.DeclaredCount(Observer::kClient, Verdict::kFalse) > 0,
                  Warns(diagnostics, static_cast<int>(g), "drops itself"));
        EXPECT_EQ(t.connected == 0, warned_of_refusal);
        ++(warned ? thrown_out : warned_of_refusal ? refused : fine);
      }
    }
  }
  std::printf("keepAlive %d s: %d thrown out, %d refused, %d fine\n", GetParam(), thrown_out,
              refused, fine);
  EXPECT_GT(fine, 200);
}

// 0; shorter than ticks and scans; between; longer than a cloud's limit; beyond 16 bits of 1.5
// times. (Of a few seconds are left out those at which a loop of one makes the two silences equal.)
INSTANTIATE_TEST_SUITE_P(KeepAlives, CombinationTest, testing::Values(0, 5, 10, 60, 2000, 50000));

}  // namespace
}  // namespace keepsim
