// --engine and --explain-speed: how time is run through, and what of it was skipped.
#ifndef KEEPSIM_TOOLS_ENGINE_FLAG_H_
#define KEEPSIM_TOOLS_ENGINE_FLAG_H_

#include <string>

#include "sim/run/runner.h"
#include "sim/world/plan.h"
#include "tools/command.h"

namespace keepsim {

// --engine auto|events|skip; auto if it is not given. False, with a message printed, if it says
// anything else, or "skip" of a plan with a group that cannot be skipped.
bool ReadEngine(const Arguments& arguments, const Plan& plan, Engine* engine);

// By group: whether quiet stretches were skipped, why not, how much, and what ended them.
std::string SpeedText(const Plan& plan, const RunResult& result);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_ENGINE_FLAG_H_
