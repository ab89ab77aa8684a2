// Durations as text: "90s", "50ms", "1h30m", "1.5s", "0". Units ns, us, ms, s, m, h, d; exact to a
// nanosecond, no floating point.
#ifndef KEEPSIM_SIM_BASE_DURATION_TEXT_H_
#define KEEPSIM_SIM_BASE_DURATION_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/base/time.h"

namespace keepsim {

// The longest duration a scenario may name: 100 years of 365.25 days.
inline constexpr Duration kLongestDuration = Seconds(int64_t{36525} * 86400);

// Naming the text and the remedy: InvalidArgument if it is not a duration or finer than a
// nanosecond; OutOfRange if it is longer than kLongestDuration, or negative without
// `allow_negative`.
absl::StatusOr<Duration> ParseDuration(absl::string_view text, bool allow_negative = false);

// The shortest natural text that parses back to the same duration: "90s", "50ms", "2h30m".
std::string FormatDuration(Duration d);

// Seconds as a decimal number, rounded half up to `digits` decimals, from integers alone.
std::string FormatSeconds(Duration d, int digits);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_DURATION_TEXT_H_
