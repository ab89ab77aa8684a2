// The version of what the simulator computes. It changes with every change of behaviour, that is
// with every change of some scenario's digest, and with nothing else. A trace of another engine
// version is refused, never silently run again.
#ifndef KEEPSIM_SIM_TRACE_ENGINE_VERSION_H_
#define KEEPSIM_SIM_TRACE_ENGINE_VERSION_H_

namespace keepsim {

inline constexpr char kEngineVersion[] = "4";

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_ENGINE_VERSION_H_
