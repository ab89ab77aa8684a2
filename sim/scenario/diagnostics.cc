#include "sim/scenario/diagnostics.h"

#include <algorithm>

#include "absl/strings/ascii.h"
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

int Diagnostics::error_count() const {
  return static_cast<int>(
      std::count_if(items_.begin(), items_.end(), [](const Diagnostic& d) { return !d.warning; }));
}

std::string Diagnostics::Render() const {
  std::vector<const Diagnostic*> order;
  for (const Diagnostic& d : items_) order.push_back(&d);
  std::stable_sort(order.begin(), order.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return a->line != b->line ? a->line < b->line : a->column < b->column;
  });
  std::string out;
  for (const Diagnostic* d : order) {
    absl::StrAppend(&out, d->file);
    if (d->line > 0) absl::StrAppend(&out, ":", d->line, ":", d->column);
    absl::StrAppend(&out, d->warning ? ": warning: " : ": error: ");
    if (!d->path.empty()) absl::StrAppend(&out, d->path, ": ");
    absl::StrAppend(&out, d->message, "\n");
  }
  return out;
}

std::string DidYouMean(absl::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 200) return "";
  size_t best = std::max<size_t>(word.size() / 2, 2) + 1;
  const std::string* found = nullptr;
  for (const std::string& c : candidates) {
    const size_t d = EditDistance(word, c);
    if (d < best) best = d, found = &c;
  }
  return found == nullptr ? "" : absl::StrCat(" (did you mean \"", *found, "\"?)");
}

}  // namespace keepsim
