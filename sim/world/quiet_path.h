// A client's path within a quiet stretch: what it keeps between two transmissions, and what becomes
// of one, by draws that are made ahead.
#ifndef KEEPSIM_SIM_WORLD_QUIET_PATH_H_
#define KEEPSIM_SIM_WORLD_QUIET_PATH_H_

#include <cstdint>

#include "sim/base/time.h"
#include "sim/net/path.h"
#include "sim/world/host.h"
#include "sim/world/quiet_scan.h"

namespace keepsim::quiet {

struct PathView {
  BurstState burst[2];  // by direction
  Instant last_arrival[2];
  Instant mapping_used;  // the middlebox's
};

// When transmission number `index` of this direction, sent at `at`, arrives; kNever: it is lost.
Instant Carry(const Host& host, const DrawsAhead& draws, int direction, uint64_t index, Instant at,
              PathView& path);

}  // namespace keepsim::quiet

#endif  // KEEPSIM_SIM_WORLD_QUIET_PATH_H_
