#include "tools/progress.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "sim/metrics/render.h"

namespace keepsim {

std::string ProgressText(double done, double total, const std::string& unit, double elapsed_s,
                         int width, const std::string& note) {
  const double share = std::clamp(done / total, 0.0, 1.0);
  std::string text;
  if (width > 0) {
    const auto full = static_cast<size_t>(share * width);
    text = absl::StrCat("[", std::string(full, '#'),
                        std::string(static_cast<size_t>(width) - full, ' '), "] ");
  }
  absl::StrAppendFormat(&text, "%5.1f %%", share * 100);
  if (elapsed_s > 0 && done > 0) {
    const double rate = done / elapsed_s;
    if (!unit.empty()) absl::StrAppend(&text, ", ", NumberText(rate), " ", unit, "/s");
    absl::StrAppend(&text, ", ", SecondsText(std::max(1.0, (total - done) / rate)), " left");
  }
  return note.empty() ? text : absl::StrCat(text, ", ", note);
}

void ProgressLine::Show(double done, double total, const std::string& unit,
                        const std::string& note) {
  const absl::Time now = absl::Now();
  if (!terminal_ && now - std::max(shown_, started_) < absl::Seconds(10)) return;
  shown_ = now;
  const double elapsed_s = absl::ToDoubleSeconds(now - started_);
  if (!terminal_) {
    std::fprintf(stderr, "keepsim: %s\n",
                 ProgressText(done, total, unit, elapsed_s, 0, note).c_str());
    return;
  }
  drawn_ = true;
  std::fprintf(stderr, "\r%s\x1b[K", ProgressText(done, total, unit, elapsed_s, 32, note).c_str());
  std::fflush(stderr);
}

void ProgressLine::Clear() {
  if (drawn_) std::fprintf(stderr, "\r\x1b[K");
  drawn_ = false;
}

}  // namespace keepsim
