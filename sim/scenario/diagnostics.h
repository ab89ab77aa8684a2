// What is wrong with a user's file, all of it at once: file:line:column, field path, value, allowed
// range and remedy.
#ifndef KEEPSIM_SIM_SCENARIO_DIAGNOSTICS_H_
#define KEEPSIM_SIM_SCENARIO_DIAGNOSTICS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace keepsim {

struct Diagnostic {
  bool warning = false;
  std::string file;
  int line = 0;      // from 1; 0: not known (binary, an override)
  int column = 0;    // from 1
  std::string path;  // "groups[0].keep_alive"; empty for the whole file
  std::string message;
};

// A value of the user's as messages show it: in quotes, escaped, and cut if it is long.
std::string ShownValue(absl::string_view value);

class Diagnostics {
 public:
  void Add(Diagnostic d) { items_.push_back(std::move(d)); }
  bool ok() const { return error_count() == 0; }
  int error_count() const;
  const std::vector<Diagnostic>& items() const { return items_; }
  // One line each, in order of position: "file:line:column: error: path: message".
  std::string Render() const;

 private:
  std::vector<Diagnostic> items_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_DIAGNOSTICS_H_
