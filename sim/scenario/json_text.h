// JSON transcribed into protobuf's text format: so a file in JSON is read, checked and complained
// of by the same code as one in text format, each complaint with its place in the JSON
// (docs/adr/0010-json-as-text.md).
#ifndef KEEPSIM_SIM_SCENARIO_JSON_TEXT_H_
#define KEEPSIM_SIM_SCENARIO_JSON_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "sim/scenario/diagnostics.h"
#include "sim/scenario/field_places.h"

namespace keepsim {

struct JsonText {
  std::string text;          // one token on each line
  std::vector<Place> lines;  // where each of them stood in the JSON
};

// By protobuf's JSON mapping: names in lowerCamelCase or as in the schema, enum values by name or
// number, numbers also in quotes, null for a field that is not given. What is no JSON, or can have
// no counterpart, is added to `diagnostics` under the name `file`; the rest is transcribed.
JsonText TranscribeJson(absl::string_view json, const google::protobuf::Descriptor* type,
                        const std::string& file, Diagnostics& diagnostics);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_JSON_TEXT_H_
