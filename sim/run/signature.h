// What a failure is known by, so that a thousand of the same kind count as one:
//
//   VERDICT/CAUSE/OBSERVER[/FAILURE]  a declaration: "false/packets_lost/client",
//                                     "true/failure/broker/crash"
//   expectation/METRIC[/GROUP]        an expectation of the scenario that was not met
//   invariant/RULE                    an invariant of the model that was broken
//
// The words are those of `keepsim explain`, of expectations and of violations.
#ifndef KEEPSIM_SIM_RUN_SIGNATURE_H_
#define KEEPSIM_SIM_RUN_SIGNATURE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sim/metrics/incident.h"

namespace keepsim {

inline constexpr char kExpectationSignature[] = "expectation";
inline constexpr char kInvariantSignature[] = "invariant";

std::string SignatureOf(const Incident& incident);
std::string ExpectationSignature(absl::string_view metric, absl::string_view group);
std::string InvariantSignature(absl::string_view rule);

// Whether the pattern's parts are those with which the signature begins; "*" stands for any part:
// "false", "false/*/client", "expectation".
bool SignatureMatches(absl::string_view pattern, absl::string_view signature);

// InvalidArgument, with what is possible there, if no signature can match the pattern.
absl::Status CheckSignaturePattern(absl::string_view pattern);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SIGNATURE_H_
