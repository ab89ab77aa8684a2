#include "sim/run/round_values.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/base/duration_text.h"
#include "sim/run/sweep_value.h"

namespace keepsim {
namespace {

constexpr int64_t kSteps[] = {10, 12, 15, 20, 25, 30, 40, 50, 60, 80};
constexpr int64_t kSpan = 10000;  // of a range that begins at 0

std::vector<std::string> RoundDurations(Duration low, Duration high) {
  const Duration unit = low % Seconds(1) == Duration{0} && high % Seconds(1) == Duration{0} &&
                                (low.ns > 0 || high > Seconds(1000))
                            ? Seconds(1)
                            : Duration{1};
  const Duration from = low.ns > 0 ? low : std::max(high / kSpan, Duration{1});
  std::vector<Duration> values = {low, high};
  for (int64_t decade = 1; decade <= high.ns / 10; decade *= 10) {
    for (const int64_t step : kSteps) {
      const Duration d{step * decade};
      if (d >= from && d <= high && d % unit == Duration{0}) values.push_back(d);
    }
    if (decade > kForever.ns / 1000) break;
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  std::vector<std::string> texts;
  for (const Duration d : values) texts.push_back(FormatDuration(d));
  return texts;
}

std::string Number(double x) { return absl::StrFormat("%.9g", x); }

std::vector<std::string> RoundNumbers(double low, double high, bool whole) {
  const double from = low > 0 ? low : high / static_cast<double>(kSpan);
  std::vector<double> values = {low, high};
  // Down from the largest power of ten that may be needed, and up: divisions and multiplications
  // by ten of small whole numbers, which round the same everywhere.
  double decade = 1;
  while (decade > from / 100 && decade > 1e-12) decade /= 10;
  while (decade <= high / 10 && decade < 1e15) {
    for (const int64_t step : kSteps) {
      const double x = static_cast<double>(step) * decade;
      const bool is_whole = x >= 1 && x == static_cast<double>(static_cast<int64_t>(x));
      if (x >= from && x <= high && (!whole || is_whole)) values.push_back(x);
    }
    decade *= 10;
  }
  std::sort(values.begin(), values.end());
  std::vector<std::string> texts;
  for (const double x : values) texts.push_back(Number(x));
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> RoundValues(absl::string_view low,
                                                     absl::string_view high) {
  const SweepValue from = SweepValue::Parse(low);
  const SweepValue to = SweepValue::Parse(high);
  using Kind = SweepValue::Kind;
  const auto is = [](const SweepValue& v, Kind kind) {
    return v.kind == kind || v.kind == Kind::kZero;
  };
  const std::string range = absl::StrCat("from \"", low, "\" to \"", high, "\"");
  if (is(from, Kind::kDuration) && to.kind == Kind::kDuration) {
    if (from.duration.ns < 0 || from.duration > to.duration) {
      return absl::InvalidArgumentError(
          absl::StrCat(range, " is no range: 0 or more, and ascending"));
    }
    return RoundDurations(from.duration, to.duration);
  }
  if (is(from, Kind::kNumber) && is(to, Kind::kNumber)) {
    if (!(from.number >= 0 && from.number <= to.number && to.number <= 1e15)) {
      return absl::InvalidArgumentError(
          absl::StrCat(range, " is no range: 0 or more, at most 1e15, and ascending"));
    }
    const bool whole =
        absl::string_view(absl::StrCat(low, high)).find_first_of(".e") == absl::string_view::npos;
    return RoundNumbers(from.number, to.number, whole && to.number > 1);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(range, ": give two durations with units or two numbers"));
}

}  // namespace keepsim
