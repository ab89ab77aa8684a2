// Which field a place of a text-format file is about, also where the file cannot be parsed.
#ifndef KEEPSIM_SIM_SCENARIO_TEXT_PATH_H_
#define KEEPSIM_SIM_SCENARIO_TEXT_PATH_H_

#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace keepsim {

struct TextField {
  std::string path;                                         // "groups[0].connect.will.qos"
  const google::protobuf::FieldDescriptor* last = nullptr;  // the last of the path
};

// The field whose name or value begins at `offset` of `text`, a message of type `type`: of an
// unknown name, the message around it. Nothing at the top, and where the text makes no sense.
TextField FieldAt(absl::string_view text, size_t offset, const google::protobuf::Descriptor* type);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_TEXT_PATH_H_
