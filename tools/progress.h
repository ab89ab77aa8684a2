// How far long work has come: a bar with rate and time left on a terminal, plain lines otherwise.
#ifndef KEEPSIM_TOOLS_PROGRESS_H_
#define KEEPSIM_TOOLS_PROGRESS_H_

#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace keepsim {

class ProgressLine {
 public:
  // Writes to stderr. `terminal`: rewrite one line, at once; otherwise a line every ten seconds.
  explicit ProgressLine(bool terminal) : terminal_(terminal), started_(absl::Now()) {}
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // `done` of `total`, in `unit` ("clients"; "": seconds, of which no rate is shown), and what else
  // is to be said ("3 failed"; "": nothing). REQUIRES: total > 0.
  void Show(double done, double total, const std::string& unit, const std::string& note = "");
  // Takes the bar away, so that what follows begins on a clean line.
  void Clear();

 private:
  const bool terminal_;
  const absl::Time started_;
  absl::Time shown_ = absl::InfinitePast();
  bool drawn_ = false;
};

// What a ProgressLine shows: "[####      ]  42.0 %, 1 234 clients/s, 12 s left, 3 failed" (bar only
// if `width` > 0).
std::string ProgressText(double done, double total, const std::string& unit, double elapsed_s,
                         int width, const std::string& note = "");

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_PROGRESS_H_
