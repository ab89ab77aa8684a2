// What draws are for, beyond sim/base/random.h, where luck changes under way (docs/adr/0015). The
// numbers are taken there.
#ifndef KEEPSIM_SIM_WORLD_LUCK_PURPOSE_H_
#define KEEPSIM_SIM_WORLD_LUCK_PURPOSE_H_

#include "sim/base/random.h"

namespace keepsim {

inline constexpr Purpose kSplitDraw{32};     // keys of other luck, choices among clients and waits
inline constexpr Purpose kResidualDraw{33};  // what is left of what was under way

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_LUCK_PURPOSE_H_
