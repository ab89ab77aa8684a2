// Text in quotes, for those who read it.
#ifndef KEEPSIM_SIM_BASE_QUOTE_H_
#define KEEPSIM_SIM_BASE_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace keepsim {

// A string of JSON, with its quotes. UTF-8 stays as it is.
std::string JsonString(absl::string_view text);

// For a terminal: control characters as \x1b. UTF-8 stays as it is.
std::string Printable(absl::string_view text);

// A word of a POSIX shell, quoted where it has to be.
std::string ShellWord(absl::string_view text);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_QUOTE_H_
