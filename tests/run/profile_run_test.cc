// Every client profile against every broker profile, with faults, loss and both versions of MQTT:
// the runs keep the invariants of the model.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/run/runner.h"
#include "sim/scenario/compile.h"
#include "sim/scenario/load.h"

namespace keepsim {
namespace {

std::string Scenario(const BrokerProfile& broker) {
  std::string text = absl::StrCat("name: \"all\" horizon: \"2h\" broker { profile: \"", broker.name,
                                  broker.version.empty() ? "" : " ", broker.version, "\" }");
  int n = 0;
  for (const ClientProfile& client : ClientProfiles()) {
    absl::StrAppend(
        &text, " groups { name: \"g", n, "\" count: 2 client: \"", client.name,
        client.version.empty() ? "" : " ", client.version, "\" keep_alive: \"", 20 + n,
        "s\" mqtt_version: ", n % 2 == 0 ? "V3_1_1" : "V5", " start { spread: \"1m\" }",
        R"( path { both { latency { lognormal { median: "50ms" sigma: 0.5 } } loss: 0.02 } }
            random_faults { fault: CRASH gap { exponential { mean: "20m" } }
                            length { constant: "5m" } }
            random_faults { fault: PATH_CUT gap { exponential { mean: "30m" } }
                            length { constant: "4m" } }
            publish { poisson { mean_gap: "1m" } qos: 1 } })");
    ++n;
  }
  return text;
}

TEST(ProfileRunTest, AllClientsAgainstAllBrokers) {
  for (const BrokerProfile& broker : BrokerProfiles()) {
    SCOPED_TRACE(testing::Message() << broker.name << " " << broker.version);
    Diagnostics diagnostics;
    const LoadedScenario scenario =
        LoadText(Scenario(broker), ScenarioFormat::kText, "test", diagnostics);
    const auto plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
    ASSERT_TRUE(diagnostics.ok()) << diagnostics.Render();
    plan->Link();
    const auto result = keepsim::Run(*plan, {});
    ASSERT_TRUE(result.ok());
    for (const Violation& v : result->checks->violations()) {
      ADD_FAILURE() << v.rule << " entity " << v.entity << " at " << ToSeconds(v.at) << ": "
                    << v.text;
      break;
    }
  }
}

}  // namespace
}  // namespace keepsim
