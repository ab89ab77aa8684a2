// Scenarios of any kind from a seed: every client and broker profile, transport, path, fault and
// workload that a file can name, small enough to be run by thousands.
#ifndef KEEPSIM_TESTS_WORLD_ANY_SCENARIO_H_
#define KEEPSIM_TESTS_WORLD_ANY_SCENARIO_H_

#include <cstdint>
#include <string>

namespace keepsim {

// The text of a valid scenario; the same for the same seed.
std::string AnyScenario(uint64_t seed);
// One whose clients publish, as often as they ping or more.
std::string PublishingScenario(uint64_t seed);
// One whose clients are sent messages, as often or more, and half of them publish as well.
std::string ReceivingScenario(uint64_t seed);
// One in which much is due at one instant: packets take no time or a round one.
std::string TiedScenario(uint64_t seed);
// One with profiles of its own at both ends, whose limits, intervals and latencies may add up.
std::string RowScenario(uint64_t seed);
// One whose clients a limit of the broker joins, up to twenty.
std::string JoinedScenario(uint64_t seed);
// One where the broker handles one packet after another, without faults of its own.
std::string HandlingScenario(uint64_t seed);
// One where it does so for clients that do little but ping, at once or apart.
std::string QueueScenario(uint64_t seed);

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_WORLD_ANY_SCENARIO_H_
