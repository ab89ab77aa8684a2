#include "sim/scenario/diagnostics.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace keepsim {
namespace {

// Bytes that would do something to a terminal are named instead.
std::string Printable(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      absl::StrAppendFormat(&out, "\\x%02x", byte);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string ShownValue(absl::string_view value) {
  constexpr size_t kMost = 60;
  size_t size = std::min(value.size(), kMost);
  // Not within a character.
  while (size < value.size() && size > 0 && (static_cast<uint8_t>(value[size]) & 0xC0) == 0x80) {
    --size;
  }
  return absl::StrCat("\"", absl::Utf8SafeCEscape(value.substr(0, size)),
                      size < value.size() ? "..." : "", "\"");
}

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
    absl::StrAppend(&out, Printable(d->message), "\n");
  }
  return out;
}

}  // namespace keepsim
