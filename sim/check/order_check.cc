#include "absl/strings/str_cat.h"
#include "sim/check/client_checks.h"

namespace keepsim {

void OrderCheck::Add(const TraceRecord& r, const CheckContext& context) {
  uint32_t& next = next_counter_[r.is_outcome() ? 0 : 1];
  if (r.counter != next) {
    context.Violated("order", "", r, absl::StrCat("counter ", r.counter, " follows ", next));
  }
  next = r.counter + 1;
  if (r.at < last_) context.Violated("order", "", r, "time goes back");
  last_ = r.at;
  if (r.at > kStart + context.shape.horizon) context.Violated("order", "", r, "after the horizon");
  if (context.group == nullptr) context.Violated("order", "", r, "a client of no group");
  if (ended_) context.Violated("order", "", r, "after the client's end");
  if (r.kind == RecordKind::kEnd) ended_ = true;
}

}  // namespace keepsim
