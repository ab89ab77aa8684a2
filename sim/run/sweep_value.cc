#include "sim/run/sweep_value.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/base/duration_text.h"

namespace keepsim {
namespace {

using Kind = SweepValue::Kind;

absl::Status Bad(absl::string_view what) { return absl::InvalidArgumentError(what); }

// The kind that all of them have in common; kText if there is none.
Kind CommonKind(const std::vector<SweepValue>& values) {
  Kind kind = Kind::kZero;
  for (const SweepValue& v : values) {
    if (v.kind == Kind::kText) return Kind::kText;
    if (v.kind == Kind::kZero) continue;
    if (kind != Kind::kZero && kind != v.kind) return Kind::kText;
    kind = v.kind;
  }
  return kind == Kind::kZero ? Kind::kNumber : kind;
}

constexpr char kMixed[] = "must all be durations (\"30s\") or all be numbers";

// Twelve digits: what adding up steps gets wrong is behind them.
std::string NumberOf(double x) { return absl::StrFormat("%.12g", x); }

}  // namespace

SweepValue SweepValue::Parse(absl::string_view text) {
  SweepValue v;
  v.text = std::string(text);
  if (text == "0") {
    v.kind = Kind::kZero;
  } else if (const auto d = ParseDuration(text, true); d.ok()) {
    v.kind = Kind::kDuration;
    v.duration = *d;
  } else if (absl::SimpleAtod(text, &v.number) && std::isfinite(v.number)) {
    v.kind = Kind::kNumber;
  }
  return v;
}

bool Ordered(const SweepValue& a, const SweepValue& b) { return CommonKind({a, b}) != Kind::kText; }

int Compare(const SweepValue& a, const SweepValue& b) {
  const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : x > y ? 1 : 0; };
  switch (CommonKind({a, b})) {
    case Kind::kDuration:
      return sign(a.duration.ns, b.duration.ns);
    case Kind::kNumber:
      return sign(a.number, b.number);
    default:
      return a.text == b.text ? 0 : 1;
  }
}

absl::StatusOr<std::vector<std::string>> Expand(const pb::Range& range) {
  if (range.from().empty() || range.to().empty() || range.step().empty()) {
    return Bad("needs from, to and step");
  }
  const auto from = SweepValue::Parse(range.from());
  const auto to = SweepValue::Parse(range.to());
  const auto step = SweepValue::Parse(range.step());
  const Kind kind = CommonKind({from, to, step});
  if (kind == Kind::kText) return Bad(absl::StrCat("from, to and step ", kMixed));
  if (Compare(step, SweepValue::Parse("0")) <= 0) return Bad("step must be above 0");
  if (Compare(to, from) < 0) return Bad("to is below from");
  // A step that meets `to` but for a rounding error meets it.
  double steps = std::floor((to.number - from.number) / step.number + 1e-9);
  if (kind == Kind::kDuration) {
    const int64_t whole = (to.duration.ns - from.duration.ns) / step.duration.ns;
    steps = static_cast<double>(whole);
  }
  if (!(steps < kMostAxisValues)) {
    return Bad(absl::StrCat("has more than ", kMostAxisValues, " values"));
  }
  std::vector<std::string> values;
  for (int i = 0; i <= static_cast<int>(steps); ++i) {
    values.push_back(kind == Kind::kDuration
                         ? FormatDuration(Duration{from.duration.ns + i * step.duration.ns})
                         : NumberOf(from.number + i * step.number));
  }
  return values;
}

absl::StatusOr<std::vector<std::string>> Expand(const pb::LogRange& range) {
  if (range.from().empty() || range.to().empty()) return Bad("needs from, to and count");
  if (range.count() < 2 || range.count() > kMostAxisValues) {
    return Bad(
        absl::StrCat("count is ", range.count(), "; it must be in [2, ", kMostAxisValues, "]"));
  }
  const auto from = SweepValue::Parse(range.from());
  const auto to = SweepValue::Parse(range.to());
  std::vector<SweepValue> given = {from, to};
  if (!range.round().empty()) given.push_back(SweepValue::Parse(range.round()));
  const Kind kind = CommonKind(given);
  if (kind == Kind::kText) return Bad(absl::StrCat("from, to and round ", kMixed));
  if (Compare(from, SweepValue::Parse("0")) <= 0) return Bad("from must be above 0");
  if (Compare(to, from) <= 0) return Bad("to must be above from");
  if (!range.round().empty() && Compare(given[2], SweepValue::Parse("0")) <= 0) {
    return Bad("round must be above 0");
  }
  const bool durations = kind == Kind::kDuration;
  const double low = durations ? static_cast<double>(from.duration.ns) : from.number;
  const double high = durations ? static_cast<double>(to.duration.ns) : to.number;
  std::vector<std::string> values;
  for (uint32_t i = 0; i < range.count(); ++i) {
    const double x = low * std::pow(high / low, i / static_cast<double>(range.count() - 1));
    std::string text;
    if (durations) {
      int64_t unit = from.duration >= Seconds(1) ? Seconds(1).ns : 1;
      if (!range.round().empty()) unit = given[2].duration.ns;
      text = FormatDuration(Duration{std::llround(x / static_cast<double>(unit)) * unit});
    } else if (!range.round().empty()) {
      text = NumberOf(std::round(x / given[2].number) * given[2].number);
    } else {
      text = absl::StrFormat("%.6g", x);
    }
    if (!values.empty() && values.back() == text) {
      return Bad(absl::StrCat("has ", text, " twice once it is rounded; take a smaller count, or ",
                              "round to less"));
    }
    values.push_back(std::move(text));
  }
  return values;
}

}  // namespace keepsim
