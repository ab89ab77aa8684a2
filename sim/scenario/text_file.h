// Files in protobuf's text format or in JSON, whatever their message: all that is wrong with one at
// once, each with its place. Input is untrusted.
#ifndef KEEPSIM_SIM_SCENARIO_TEXT_FILE_H_
#define KEEPSIM_SIM_SCENARIO_TEXT_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "sim/scenario/diagnostics.h"
#include "sim/scenario/field_places.h"

namespace keepsim {

// Larger files are refused.
inline constexpr size_t kMaxInputBytes = size_t{64} << 20;

// Fill `message` with what could be read, and add errors to `diagnostics` under the name `file`.
// Return where each field stood.
FieldPlaces ReadTextMessage(absl::string_view contents, const std::string& file,
                            google::protobuf::Message* message, Diagnostics& diagnostics);
FieldPlaces ReadJsonMessage(absl::string_view contents, const std::string& file,
                            google::protobuf::Message* message, Diagnostics& diagnostics);

// The contents of a file, without a byte order mark; the error does not name it.
absl::StatusOr<std::string> ReadInputFile(const std::string& path);

// What is said of an input beyond kMaxInputBytes.
absl::Status TooLarge();

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_TEXT_FILE_H_
