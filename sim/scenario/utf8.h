// Strings of a scenario are UTF-8: protobuf's text format takes any bytes, but a trace that holds
// such a scenario could not be read again.
#ifndef KEEPSIM_SIM_SCENARIO_UTF8_H_
#define KEEPSIM_SIM_SCENARIO_UTF8_H_

#include "absl/strings/string_view.h"
#include "sim/scenario/node.h"

namespace keepsim {

// RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool IsUtf8(absl::string_view text);

// Reports every string of the message, and of those within it, that is not UTF-8.
void CheckUtf8(const Node& node);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_UTF8_H_
