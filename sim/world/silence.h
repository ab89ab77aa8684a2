// What an observer waits for: a word of its peer on the client's present connection. The broker
// counts from the last packet that it heard, the client from what its rule counts from once a
// PINGREQ is unanswered.
#ifndef KEEPSIM_SIM_WORLD_SILENCE_H_
#define KEEPSIM_SIM_WORLD_SILENCE_H_

#include <cstdint>

#include "sim/base/time.h"

namespace keepsim {

struct Silence {
  uint32_t conn = 0;       // the client's count; 0: nothing is waited for
  Instant since = kNever;  // on the observer's own clock
  // The peer's process and the path are well, as far as the cell knows at this instant: a
  // declaration would be false.
  bool unfounded = false;

  // Both are one wait.
  bool Continues(const Silence& earlier) const {
    return conn == earlier.conn && since == earlier.since;
  }
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_SILENCE_H_
