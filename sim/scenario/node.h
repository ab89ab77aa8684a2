// A message of the scenario with its place in the file: what the compiler reads fields through, so
// that every complaint has a position, a path, a value, a range and a remedy.
#ifndef KEEPSIM_SIM_SCENARIO_NODE_H_
#define KEEPSIM_SIM_SCENARIO_NODE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "sim/base/random.h"
#include "sim/base/time.h"
#include "sim/scenario/diagnostics.h"
#include "sim/scenario/field_places.h"

namespace keepsim {

class Node {
 public:
  // `places` must outlive the node; without a tree there are no positions.
  Node(const google::protobuf::Message& message, const FieldPlaces& places, std::string file,
       Diagnostics* diagnostics);

  // The sub-message (element `index` of a repeated one, -1 otherwise).
  Node Child(absl::string_view field, int index = -1) const;
  bool Has(absl::string_view field) const;
  int Size(absl::string_view field) const;
  const std::string& path() const { return path_; }
  const google::protobuf::Message& message() const { return *message_; }

  void Error(absl::string_view field, absl::string_view message, int index = -1) const;
  void Warning(absl::string_view field, absl::string_view message, int index = -1) const;

  // A duration field: `fallback` if it is empty, or not within [low, high], which is reported. An
  // element of a list (`index`) must not be empty.
  Duration Dur(absl::string_view field, Duration fallback, Duration low, Duration high,
               int index = -1) const;
  // As Dur, but must be given.
  Duration NeedDur(absl::string_view field, Duration low, Duration high) const;
  // As Dur, in whole seconds.
  Duration SecondsOf(absl::string_view field, Duration fallback, Duration low, Duration high) const;
  // A number: `fallback` if it is not given, or not within [low, high], which is reported. With
  // the infinities, any finite number.
  double Number(absl::string_view field, double fallback, double low, double high) const;
  // As Number, but must be given.
  double NeedNumber(absl::string_view field, double low, double high) const;
  int64_t Integer(absl::string_view field, int64_t fallback, int64_t low, int64_t high) const;
  int64_t NeedInteger(absl::string_view field, int64_t low, int64_t high) const;
  Probability Chance(absl::string_view field, double fallback) const;
  bool Bool(absl::string_view field, bool fallback) const;
  std::string Text(absl::string_view field) const;
  // An enum's number; 0 if not given. Numbers that the enum does not have are reported.
  int Enum(absl::string_view field) const;
  // A decimal factor with up to three decimals, as an exact fraction.
  void Fraction(absl::string_view field, double low, double high, int32_t* num, int32_t* den) const;

 private:
  using Tree = google::protobuf::TextFormat::ParseInfoTree;

  Node(const google::protobuf::Message& message, const FieldPlaces& places, const Tree* tree,
       std::string file, Diagnostics* diagnostics)
      : message_(&message),
        places_(&places),
        tree_(tree),
        file_(std::move(file)),
        diagnostics_(diagnostics) {}
  const google::protobuf::FieldDescriptor* Field(absl::string_view name) const;
  void Report(bool warning, absl::string_view field, absl::string_view message, int index) const;

  const google::protobuf::Message* message_;
  const FieldPlaces* places_;
  const Tree* tree_;
  std::string file_;
  Diagnostics* diagnostics_;
  std::string path_;
  Place place_;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_NODE_H_
