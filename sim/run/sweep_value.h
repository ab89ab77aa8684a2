// Values of a sweep's axes: texts, which are durations, numbers or neither.
#ifndef KEEPSIM_SIM_RUN_SWEEP_VALUE_H_
#define KEEPSIM_SIM_RUN_SWEEP_VALUE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/base/time.h"
#include "sim/run/sweep.pb.h"

namespace keepsim {

struct SweepValue {
  // "0" is a duration and a number.
  enum class Kind { kText, kZero, kDuration, kNumber };
  Kind kind = Kind::kText;
  Duration duration{0};
  double number = 0;
  std::string text;

  static SweepValue Parse(absl::string_view text);
};

// Whether < has a meaning between the two.
bool Ordered(const SweepValue& a, const SweepValue& b);
// Below, at or above 0: a < b, a equals b, a > b. Texts that are not ordered: 0 or 1.
int Compare(const SweepValue& a, const SweepValue& b);

// The values as texts, or what is wrong.
absl::StatusOr<std::vector<std::string>> Expand(const pb::Range& range);
absl::StatusOr<std::vector<std::string>> Expand(const pb::LogRange& range);

// The longest list of values that an axis may have.
inline constexpr int kMostAxisValues = 10000;

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SWEEP_VALUE_H_
