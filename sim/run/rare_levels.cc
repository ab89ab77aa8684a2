#include "sim/run/rare_levels.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "sim/base/check.h"

namespace keepsim::rare {
namespace {

constexpr double kMostTrials = 16;  // times base

}  // namespace

void Waits::Add(Duration longest) {
  ++count_;
  if (longest == kForever) {
    ++declared_;
    return;
  }
  longest_.push_back(longest);
  if (longest_.size() < kMost) return;
  const auto half = longest_.begin() + kMost / 2;
  std::nth_element(longest_.begin(), half, longest_.end(), std::greater<>());
  longest_.erase(half, longest_.end());
}

Waits::Choice Waits::Choose(int64_t allowed) const {
  SIM_CHECK(count_ > 0);
  if (longest_.empty()) return {Duration{0}, declared_};
  std::vector<Duration> sorted = longest_;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const auto rank =
      std::clamp<int64_t>(allowed - declared_, 0, static_cast<int64_t>(sorted.size()) - 1);
  const Duration level = sorted[static_cast<size_t>(rank)];
  const auto equal = std::lower_bound(sorted.begin(), sorted.end(), level, std::greater<>());
  return {level, declared_ + (equal - sorted.begin())};
}

int64_t TrialsFor(double share, int64_t base) {
  if (!(share > 0)) return static_cast<int64_t>(kMostTrials) * base;
  const double variance = (1 - share) / share;
  const double times = std::sqrt(variance / ((1 - kShare) / kShare));
  return static_cast<int64_t>(
      std::ceil(static_cast<double>(base) * std::clamp(times, 1.0, kMostTrials)));
}

}  // namespace keepsim::rare
