#include "sim/check/violation.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace keepsim {
namespace {

bool Before(const Violation& x, const Violation& y) {
  return std::tie(x.at.ns, x.entity, x.rule, x.text) < std::tie(y.at.ns, y.entity, y.rule, y.text);
}

}  // namespace

void ViolationReport::Add(Violation violation) {
  ++total_;
  const auto place = std::upper_bound(kept_.begin(), kept_.end(), violation, Before);
  if (kept_.size() == kMaxKept) {
    if (place == kept_.end()) return;
    kept_.insert(place, std::move(violation));
    kept_.pop_back();
  } else {
    kept_.insert(place, std::move(violation));
  }
}

void ViolationReport::Merge(const ViolationReport& other) {
  const int64_t total = total_ + other.total_;
  for (const Violation& v : other.kept_) Add(v);
  total_ = total;
}

}  // namespace keepsim
