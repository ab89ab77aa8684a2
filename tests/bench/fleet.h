// The fleets that are measured, as scenario text.
#ifndef KEEPSIM_TESTS_BENCH_FLEET_H_
#define KEEPSIM_TESTS_BENCH_FLEET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "sim/scenario/compile.h"
#include "sim/scenario/load.h"
#include "sim/world/plan.h"

namespace keepsim {

inline constexpr absl::string_view kBroker = R"(profile: "spec" grace_factor: 1.5)";

// Over TCP: scenarios/reference_fleet.textproto with another number of clients and horizon, or
// without the crashes. Over datagrams: without them. `more`: of each client, whose profile is
// `client`.
inline std::unique_ptr<Plan> FleetPlan(bool tcp, int64_t clients, absl::string_view horizon,
                                       absl::string_view broker = kBroker, bool crashes = true,
                                       absl::string_view more = "",
                                       absl::string_view client = "spec") {
  const std::string text = absl::StrCat(
      R"(name: "fleet" horizon: ")", horizon, R"(" groups { name: "fleet" count: )", clients,
      R"( mqtt_version: V3_1_1 client: ")", client,
      R"(" keep_alive: "60s" start { spread: "60s" } path { transport: )", tcp ? "TCP" : "DATAGRAM",
      R"( both { latency { lognormal { median: "50ms" sigma: 0.5 } } loss: 0.01 } } )",
      tcp && crashes ? R"(random_faults { fault: CRASH gap { exponential { mean: "24h" } }
               length { constant: "10m" } })"
                     : "",
      more, " } broker { ", broker, " }");
  Diagnostics diagnostics;
  const LoadedScenario scenario = LoadText(text, ScenarioFormat::kText, "bench", diagnostics);
  auto plan = std::make_unique<Plan>(Compile(scenario, diagnostics));
  SIM_CHECK(diagnostics.ok());
  plan->Link();
  return plan;
}

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_BENCH_FLEET_H_
