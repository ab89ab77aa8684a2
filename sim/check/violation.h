// What a checker has to say. Each is a bug of the model.
#ifndef KEEPSIM_SIM_CHECK_VIOLATION_H_
#define KEEPSIM_SIM_CHECK_VIOLATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/time.h"

namespace keepsim {

struct Violation {
  std::string rule;    // "client_silence"
  std::string clause;  // of the specification, "" if the rule is the model's own
  uint32_t entity = 0;
  Instant at;
  std::string text;  // what was expected, what was found
  friend bool operator==(const Violation&, const Violation&) = default;
};

// Keeps the first kMaxKept violations by (time, entity, rule, text) and counts all, whatever the
// order in which they come.
class ViolationReport {
 public:
  static constexpr size_t kMaxKept = 100;

  void Add(Violation violation);
  void Merge(const ViolationReport& other);
  const std::vector<Violation>& violations() const { return kept_; }  // in that order
  int64_t total() const { return total_; }

 private:
  std::vector<Violation> kept_;  // sorted
  int64_t total_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_CHECK_VIOLATION_H_
