// A message as a file, one field a line, with one of its values replaced by any text.
#ifndef KEEPSIM_TESTS_SCENARIO_MESSAGE_TEXT_H_
#define KEEPSIM_TESTS_SCENARIO_MESSAGE_TEXT_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "sim/scenario/load.h"

namespace keepsim {

// A scalar that a message holds.
struct Leaf {
  std::string path;  // "groups[0].connect.will.qos"
  const google::protobuf::FieldDescriptor* field = nullptr;
  std::string value;  // as text format writes it
};
std::vector<Leaf> LeavesOf(const google::protobuf::Message& message);

struct MessageText {
  std::string text;
  int line = 0;  // of the replaced value, from 1
};
// In text format or JSON. `value`, as it is, stands for the value of the leaf at `path`.
MessageText Write(const google::protobuf::Message& message, ScenarioFormat format,
                  const std::string& path, const std::string& value);

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_SCENARIO_MESSAGE_TEXT_H_
