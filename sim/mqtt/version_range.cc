#include "sim/mqtt/version_range.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace keepsim {
namespace {

constexpr size_t kMostDigits = 9;

// Whether every version that begins with `a` is older than all that begin with `b`.
bool Older(const std::vector<int>& a, const std::vector<int>& b) {
  for (size_t i = 0; i < b.size(); ++i) {
    if (i == a.size()) return false;  // some that begins with a is as new
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return false;
}

// "2.0" as the end of a range is every 2.0.x.
std::string EndWords(const std::string& last) {
  return std::count(last.begin(), last.end(), '.') < 2 ? last + ".x" : last;
}

}  // namespace

std::vector<int> VersionNumbers(absl::string_view version) {
  std::vector<int> numbers;
  size_t at = !version.empty() && version[0] == 'v' ? 1 : 0;
  while (true) {
    const size_t begin = at;
    int number = 0;
    for (; at < version.size() && absl::ascii_isdigit(version[at]); ++at) {
      if (at - begin == kMostDigits) return {};
      number = number * 10 + (version[at] - '0');
    }
    if (at == begin) return {};
    numbers.push_back(number);
    if (at == version.size() || version[at] == '-' || version[at] == '+') return numbers;
    if (version.substr(at) == ".x") return numbers;
    if (version[at] != '.') return {};
    ++at;
  }
}

bool Touches(const VersionRange& range, const std::vector<int>& numbers) {
  if (numbers.empty()) return false;
  const bool too_old = !range.first.empty() && Older(numbers, VersionNumbers(range.first));
  const bool too_new = !range.last.empty() && Older(VersionNumbers(range.last), numbers);
  return !too_old && !too_new;
}

bool Touches(const std::vector<VersionRange>& ranges, const std::vector<int>& numbers) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const VersionRange& r) { return Touches(r, numbers); });
}

std::string RangeWords(const std::vector<VersionRange>& ranges) {
  std::string text;
  for (const VersionRange& r : ranges) {
    absl::StrAppend(&text, text.empty() ? "" : ", ");
    if (r.first.empty()) {
      absl::StrAppend(&text, EndWords(r.last), " and older");
    } else if (r.last.empty()) {
      absl::StrAppend(&text, r.first, " and newer");
    } else if (r.first == r.last) {
      absl::StrAppend(&text, EndWords(r.last));
    } else {
      absl::StrAppend(&text, r.first, " to ", EndWords(r.last));
    }
  }
  return text;
}

}  // namespace keepsim
