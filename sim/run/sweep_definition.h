// What a store keeps of its sweep file, so that its results can be reported without the file.
#ifndef KEEPSIM_SIM_RUN_SWEEP_DEFINITION_H_
#define KEEPSIM_SIM_RUN_SWEEP_DEFINITION_H_

#include <string>

#include "absl/status/statusor.h"
#include "sim/run/sweep.h"

namespace keepsim {

class Store;

// What any sweep file made of this one has in common with it: metrics, and until when it runs.
void AddCommonFields(const Sweep& sweep, pb::Sweep* proto);

// A pb::Sweep as JSON, without the base scenario: ranges and profiles are lists of values, names
// and metrics are spelled out.
std::string DefinitionOf(const Sweep& sweep);

// The sweep that a store is of, without its base scenario: for reports, not for running.
// FailedPrecondition, with the remedy, if the store does not hold its definition.
absl::StatusOr<Sweep> SweepOfStore(Store& store);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SWEEP_DEFINITION_H_
