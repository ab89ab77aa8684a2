#include "sim/net/middlebox.h"

namespace keepsim {

void Expire(const MiddleboxSpec& spec, MiddleboxState& s, Instant now) {
  if (!s.mapped || now - s.last_use <= spec.idle_timeout) return;
  s.mapped = false;
  s.flushed = false;
  s.gone_at = s.last_use + spec.idle_timeout;
}

Passage PassOutbound(const MiddleboxSpec& spec, MiddleboxState& s, Instant now, bool opens) {
  Expire(spec, s, now);
  if (s.mapped || opens) {
    s.mapped = true;
    s.last_use = now;
    if (opens) s.gone_at = kNever;
    return s.gone_at == kNever ? Passage::kPass : Passage::kNewMapping;
  }
  switch (spec.on_expiry) {
    case MiddleboxExpiry::kDrop:
      return Passage::kDrop;
    case MiddleboxExpiry::kReset:
      return Passage::kReset;
    case MiddleboxExpiry::kRecreate:
      s.mapped = true;
      s.last_use = now;
      return Passage::kNewMapping;
  }
  return Passage::kDrop;
}

Passage PassInbound(const MiddleboxSpec& spec, MiddleboxState& s, Instant now) {
  Expire(spec, s, now);
  if (!s.mapped) return Passage::kDrop;
  if (spec.inbound_refreshes) s.last_use = now;
  return Passage::kPass;
}

void Flush(MiddleboxState& s, Instant now) {
  if (!s.mapped) return;
  s.mapped = false;
  s.flushed = true;
  s.gone_at = now;
}

}  // namespace keepsim
