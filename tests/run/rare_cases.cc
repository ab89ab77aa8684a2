#include "tests/run/rare_cases.h"

#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace keepsim {
namespace {

constexpr int kInARow = 4;

const RareCase kCases[] = {
    {"TCP repairs losses", R"(name: "tcp" horizon: "1d" groups { name: "g" count: 150
       keep_alive: "10s" start { spread: "10s" } client: "patient"
       path { both { latency { lognormal { median: "50ms" sigma: 0.5 } } loss: 0.16 } } }
       client_profiles { name: "patient" pingresp_rule: NEVER })",
     Observer::kBroker},
    {"both give up", R"(name: "both" horizon: "1d" groups { name: "g" count: 100
       keep_alive: "10s" start { spread: "10s" }
       path { both { latency { lognormal { median: "50ms" sigma: 0.5 } } loss: 0.14 } } })",
     Observer::kClient},
    {"late answers", R"(name: "late" horizon: "1d" groups { name: "g" count: 1000
       keep_alive: "10s" start { spread: "10s" }
       path { transport: DATAGRAM both { latency { lognormal { median: "200ms" sigma: 0.7 } } } } })",
     Observer::kClient},
    {"bursts", R"(name: "bursts" horizon: "1d" groups { name: "g" count: 1000
       keep_alive: "10s" start { spread: "10s" } client: "patient"
       path { both { latency { constant: "20ms" } bursts { mean_good: "10m" mean_bad: "700ms" } } } }
       client_profiles { name: "patient" pingresp_rule: NEVER })",
     Observer::kBroker},
    {"failures do not count", R"(name: "failing" horizon: "1d"
       groups { name: "g" count: 300 keep_alive: "10s" client: "eager" start { spread: "10s" }
         path { transport: DATAGRAM both { latency { exponential { mean: "50ms" } } loss: 0.006 } }
         random_faults { fault: CRASH gap { exponential { mean: "2h" } } length { constant: "5m" } }
         random_faults { fault: FREEZE gap { exponential { mean: "3h" } } length { constant: "9s" } }
         random_faults { fault: PATH_CUT gap { exponential { mean: "1h" } }
                         length { exponential { mean: "10s" } } } }
       client_profiles { name: "eager" pingresp_rule: NEVER ping_factor: 0.7
                         one_ping_at_a_time: false })",
     Observer::kBroker},
    {"a busy loop and a broker that scans", R"(name: "busy" horizon: "1d"
       groups { name: "g" count: 50 keep_alive: "20s" client: "busy" start { spread: "20s" }
         path { both { latency { exponential { mean: "100ms" } } loss: 0.18 } } }
       client_profiles { name: "busy" pingresp_rule: NEVER loop_delay_max: "3s" }
       broker_profiles { name: "scans" mechanism: SCAN period: "5s" grace_factor: 1.25 }
       broker { profile: "scans" })",
     Observer::kBroker},
};

}  // namespace

std::string EagerScenario(double loss) {
  return absl::StrCat(R"(name: "eager" horizon: "1d"
    client_profiles { name: "eager" pingresp_rule: NEVER ping_factor: 0.35
                      one_ping_at_a_time: false }
    groups { name: "g" count: 5 keep_alive: "60s" client: "eager"
             path { transport: DATAGRAM up { latency { constant: "20ms" } loss: )",
                      loss, R"( } down { latency { constant: "20ms" } } } })");
}

// A wait that ends in a declaration begins with a packet that is heard, the CONNECT or a PINGREQ,
// and goes on with k that are lost; it has to be over by the horizon. Only the first counts: the
// broker tells nobody, and such a client never comes back. (What depends on it, that runs of losses
// do not overlap and that a lost CONNECT comes later, is a 1e-4th.)
double EagerRate(double loss) {
  const double pk = std::pow(loss, kInARow);
  const int last = static_cast<int>((86400 - 90.02) / 21);
  return -std::expm1(-(pk + last * (1 - loss) * pk));
}

const std::vector<RareCase>& RareCases() {
  static const auto* const cases = new std::vector<RareCase>(std::begin(kCases), std::end(kCases));
  return *cases;
}

}  // namespace keepsim
