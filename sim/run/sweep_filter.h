// Which points of a sweep are left out: "pingresp_wait > keep_alive and broker == emqx".
#ifndef KEEPSIM_SIM_RUN_SWEEP_FILTER_H_
#define KEEPSIM_SIM_RUN_SWEEP_FILTER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sim/run/sweep_value.h"

namespace keepsim {

// A field as a filter sees it: its name and all its values.
struct FilterField {
  std::string name;
  std::vector<SweepValue> values;
};

class SweepFilter {
 public:
  // InvalidArgument, with a remedy, if it is no comparison, names nothing that varies, or asks
  // which of two things is larger that have no order.
  static absl::StatusOr<SweepFilter> Parse(absl::string_view text,
                                           const std::vector<FilterField>& fields);

  // `value_of`: the value of the field at that place in `fields`.
  bool Skips(const std::function<const SweepValue&(size_t)>& value_of) const;

 private:
  enum class Operator { kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kEqual, kNotEqual };
  struct Operand {
    int field = -1;  // -1: the constant
    SweepValue constant;
  };
  struct Comparison {
    Operand left;
    Operator op = Operator::kEqual;
    Operand right;
  };

  static absl::StatusOr<Comparison> ParseOne(absl::string_view text,
                                             const std::vector<FilterField>& fields);

  std::vector<Comparison> all_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_SWEEP_FILTER_H_
