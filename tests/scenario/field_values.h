// What each field of the scenario's schema can be and cannot be, as the schema's comments say it.
#ifndef KEEPSIM_TESTS_SCENARIO_FIELD_VALUES_H_
#define KEEPSIM_TESTS_SCENARIO_FIELD_VALUES_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "sim/scenario/load.h"

namespace keepsim {

// `range [low, high]` of a comment: numbers, durations in quotes, or names of fields beside it.
struct FieldRange {
  std::string low;
  std::string high;
  bool of_durations() const { return high[0] == '"'; }
  // As error messages say it; nothing if an end is another field's value.
  std::optional<std::string> Text() const;
};

// A value as it stands in a file.
struct BadValue {
  std::string value;
  std::vector<std::string> says;  // words of the error, beside the field's path and place
};

class FieldValues {
 public:
  // Reads the schema with its comments; nothing if the descriptors are not there.
  static std::unique_ptr<FieldValues> Read(const std::string& descriptors);

  // All fields that are not messages, of all messages, as "Message.field".
  std::vector<std::string> Names() const;
  std::string Comment(const google::protobuf::FieldDescriptor& field) const;
  std::optional<FieldRange> Range(const google::protobuf::FieldDescriptor& field) const;

  std::vector<BadValue> Bad(const google::protobuf::FieldDescriptor& field,
                            ScenarioFormat format) const;
  std::vector<std::string> Good(const google::protobuf::FieldDescriptor& field) const;

 private:
  FieldValues() = default;
  google::protobuf::DescriptorPool pool_;
};

std::string NameOf(const google::protobuf::FieldDescriptor& field);

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_SCENARIO_FIELD_VALUES_H_
