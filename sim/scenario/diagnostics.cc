#include "sim/scenario/diagnostics.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace keepsim {

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

}  // namespace keepsim
