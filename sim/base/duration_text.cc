#include "sim/base/duration_text.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace keepsim {
namespace {

struct Unit {
  const char* name;
  int64_t ns;
};
// Two-letter units first, so that "ms" is not read as minutes.
constexpr Unit kUnits[] = {{"ns", 1},
                           {"us", 1000},
                           {"ms", 1000000},
                           {"s", 1000000000},
                           {"m", 60 * int64_t{1000000000}},
                           {"h", 3600 * int64_t{1000000000}},
                           {"d", 86400 * int64_t{1000000000}}};

std::string Shown(absl::string_view text) {
  constexpr size_t kMost = 60;
  return absl::StrCat("\"", text.substr(0, kMost), text.size() > kMost ? "..." : "", "\"");
}

absl::Status Bad(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(Shown(text), " is not a duration: ", why,
                   "; write a number with a unit (ns us ms s m h d), such as \"90s\", \"1.5s\" or "
                   "\"1h30m\""));
}

absl::Status TooLong(absl::string_view text) {
  return absl::OutOfRangeError(
      absl::StrCat(Shown(text), " is longer than the limit of 36525d (100 years)"));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

absl::StatusOr<Duration> ParseDuration(absl::string_view text, bool allow_negative) {
  absl::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest.empty()) return Bad(text, "it is empty");
  if (rest == "0") return Duration{0};
  __int128 total = 0;
  int64_t last_unit = 0;
  while (!rest.empty()) {
    __int128 number = 0;
    __int128 scale = 1;  // 10^decimals
    size_t digits = 0;
    bool point = false;
    while (!rest.empty() && (IsDigit(rest[0]) || (rest[0] == '.' && !point))) {
      if (rest[0] == '.') {
        point = true;
      } else {
        if (++digits > 20) return point ? Bad(text, "it has too many digits") : TooLong(text);
        number = number * 10 + (rest[0] - '0');
        if (point) scale *= 10;
      }
      rest.remove_prefix(1);
    }
    if (digits == 0) return Bad(text, "a number is missing");
    const Unit* unit = nullptr;
    for (const Unit& u : kUnits) {
      const absl::string_view name = u.name;
      if (rest.substr(0, name.size()) == name) {
        unit = &u;
        rest.remove_prefix(name.size());
        break;
      }
    }
    if (unit == nullptr) return Bad(text, rest.empty() ? "the unit is missing" : "unknown unit");
    if (last_unit != 0 && unit->ns >= last_unit) return Bad(text, "units must go down in size");
    last_unit = unit->ns;
    const __int128 scaled = number * unit->ns;
    if (scaled % scale != 0) return Bad(text, "it is finer than a nanosecond");
    total += scaled / scale;
    if (total > kLongestDuration.ns) return TooLong(text);
  }
  if (negative) {
    if (!allow_negative && total != 0) {
      return absl::OutOfRangeError(
          absl::StrCat(Shown(text), " is negative; this duration must not be"));
    }
    total = -total;
  }
  return Duration{static_cast<int64_t>(total)};
}

std::string FormatDuration(Duration d) {
  if (d.ns == 0) return "0";
  std::string out = d.ns < 0 ? "-" : "";
  uint64_t ns = d.ns < 0 ? -static_cast<uint64_t>(d.ns) : static_cast<uint64_t>(d.ns);
  constexpr uint64_t kSecond = 1000000000;
  if (ns % kSecond == 0 && ns >= 7200 * kSecond) {
    uint64_t s = ns / kSecond;
    absl::StrAppend(&out, s / 3600, "h");
    s %= 3600;
    if (s >= 60) absl::StrAppend(&out, s / 60, "m");
    if (s % 60 != 0) absl::StrAppend(&out, s % 60, "s");
    return out;
  }
  const auto decimal = [&](uint64_t unit, const char* name) {
    absl::StrAppend(&out, ns / unit);
    uint64_t rest = ns % unit;
    if (rest != 0) {
      out += '.';
      for (uint64_t digit = unit / 10; rest != 0; digit /= 10) {
        out += static_cast<char>('0' + rest / digit);
        rest %= digit;
      }
    }
    out += name;
  };
  if (ns >= kSecond) {
    decimal(kSecond, "s");
  } else if (ns >= 1000000) {
    decimal(1000000, "ms");
  } else if (ns >= 1000) {
    decimal(1000, "us");
  } else {
    absl::StrAppend(&out, ns, "ns");
  }
  return out;
}

std::string FormatSeconds(Duration d, int digits) {
  int64_t unit = 1;
  for (int i = digits; i < 9; ++i) unit *= 10;
  const bool negative = d.ns < 0;
  const uint64_t magnitude = negative ? -static_cast<uint64_t>(d.ns) : static_cast<uint64_t>(d.ns);
  const uint64_t rounded =
      (magnitude + static_cast<uint64_t>(unit) / 2) / static_cast<uint64_t>(unit);
  uint64_t scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  std::string out = negative && rounded != 0 ? "-" : "";
  absl::StrAppend(&out, rounded / scale);
  if (digits > 0) {
    absl::StrAppend(&out, ".", absl::StrFormat("%0*d", digits, rounded % scale));
  }
  return out;
}

}  // namespace keepsim
