#include "sim/base/spelling.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace keepsim {
namespace {

// Levenshtein distance, letters compared without case.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = absl::ascii_tolower(a[i - 1]) == absl::ascii_tolower(b[j - 1]);
      const size_t replaced = diagonal + (same ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

const std::string* Nearest(absl::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 200) return nullptr;
  size_t best = std::max<size_t>(word.size() / 2, 2) + 1;
  const std::string* found = nullptr;
  for (const std::string& c : candidates) {
    const size_t d = EditDistance(word, c);
    if (d < best) best = d, found = &c;
  }
  for (const std::string& c : candidates) {
    if (found == nullptr && word.size() >= 3 && absl::EndsWith(c, word)) found = &c;
  }
  return found;
}

std::string DidYouMean(absl::string_view word, const std::vector<std::string>& candidates) {
  const std::string* const found = Nearest(word, candidates);
  return found == nullptr ? "" : absl::StrCat(" (did you mean \"", *found, "\"?)");
}

}  // namespace keepsim
