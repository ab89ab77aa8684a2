// What a field of a schema can be, in the words of an error message.
#ifndef KEEPSIM_SIM_SCENARIO_FIELD_WANTS_H_
#define KEEPSIM_SIM_SCENARIO_FIELD_WANTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace keepsim {

// "expected a whole number in [0, 4294967295]".
std::string Wanted(const google::protobuf::FieldDescriptor& field);

// "unknown field "cuont" in Group (did you mean "count"?)"; the fields that there are, if none is
// near.
std::string UnknownField(const google::protobuf::Descriptor& type, absl::string_view name);

// Names of the values, but for the one that stands for the default.
std::vector<std::string> ValueNames(const google::protobuf::EnumDescriptor& type);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_FIELD_WANTS_H_
