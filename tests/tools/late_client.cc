// Linked into a keepsim of its own (//tests/tools:keepsim_with_late_client) in the place of the
// client session's NextDeadline(): every client there minds its deadlines 20 s late, and so is
// silent for longer than keepAlive. The rules are those of the right session.
#include "sim/mqtt/client_session.h"

namespace keepsim {

// The linker's names for a call from another file (-Wl,--wrap) and for what it meant.
Instant RightDeadline(const ClientParams& params, const ClientSession& s) asm(
    "__real__ZN7keepsim12NextDeadlineERKNS_12ClientParamsERKNS_13ClientSessionE");
Instant LateDeadline(const ClientParams& params, const ClientSession& s) asm(
    "__wrap__ZN7keepsim12NextDeadlineERKNS_12ClientParamsERKNS_13ClientSessionE");

Instant LateDeadline(const ClientParams& params, const ClientSession& s) {
  const Instant right = RightDeadline(params, s);
  return right == kNever ? kNever : right + Seconds(20);
}

}  // namespace keepsim
