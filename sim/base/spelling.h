// How names are spelt, and what a misspelt one may have meant.
#ifndef KEEPSIM_SIM_BASE_SPELLING_H_
#define KEEPSIM_SIM_BASE_SPELLING_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace keepsim {

// What a group may be called: letters, digits, _ and -, at most 200 of them.
bool IsName(absl::string_view text);

// The candidate nearest to `word` by edit distance, or else the first that ends in it; null if none
// is near.
const std::string* Nearest(absl::string_view word, const std::vector<std::string>& candidates);

// That candidate as " (did you mean \"x\"?)"; "" if none is near.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_SPELLING_H_
