// Round durations and numbers: what people write into scenarios.
#ifndef KEEPSIM_SIM_RUN_ROUND_VALUES_H_
#define KEEPSIM_SIM_RUN_ROUND_VALUES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keepsim {

// Texts from `low` to `high`, both of them included: 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 and so on,
// times powers of ten. A range from 0 has 0 and then values from a ten thousandth of `high` on.
// Between whole seconds or whole numbers, only such. InvalidArgument: neither two durations nor two
// numbers, or not ascending, or below 0.
absl::StatusOr<std::vector<std::string>> RoundValues(absl::string_view low, absl::string_view high);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_ROUND_VALUES_H_
