#include "sim/scenario/node.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "sim/base/check.h"
#include "sim/base/duration_text.h"

namespace keepsim {

using google::protobuf::FieldDescriptor;

Node::Node(const google::protobuf::Message& message, const FieldPlaces& places, std::string file,
           Diagnostics* diagnostics)
    : Node(message, places, places.tree.get(), std::move(file), diagnostics) {
  // What is missing from a file as a whole is missing at its beginning.
  if (tree_ != nullptr) place_ = {1, 1};
}

namespace {

// The shortest text that reads back as the number; with an exponent where others would write one.
std::string TextOf(double v) {
  const double size = std::fabs(v);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e15);
  char text[32];
  const auto end = plain ? std::to_chars(text, text + sizeof(text), v, std::chars_format::fixed)
                         : std::to_chars(text, text + sizeof(text), v);
  return std::string(text, end.ptr);
}

std::string TextOf(Duration d) {
  if (d == kLongestDuration) return "36525d";
  if (d == -kLongestDuration) return "-36525d";
  return (d % Seconds(1)).ns == 0 && d.ns != 0 ? absl::StrCat(d / Seconds(1), "s")
                                               : FormatDuration(d);
}

// As the schema's comments write them.
std::string Range(Duration low, Duration high) {
  return absl::StrCat("[\"", TextOf(low), "\", \"", TextOf(high), "\"]");
}
std::string Range(int64_t low, int64_t high) { return absl::StrCat("[", low, ", ", high, "]"); }
std::string Range(double low, double high) {
  return absl::StrCat("[", TextOf(low), ", ", TextOf(high), "]");
}

}  // namespace

const FieldDescriptor* Node::Field(absl::string_view name) const {
  const FieldDescriptor* field = message_->GetDescriptor()->FindFieldByName(std::string(name));
  SIM_CHECK(field != nullptr);
  return field;
}

Node Node::Child(absl::string_view name, int index) const {
  const FieldDescriptor* field = Field(name);
  const auto* r = message_->GetReflection();
  Node child(field->is_repeated() ? r->GetRepeatedMessage(*message_, field, index)
                                  : r->GetMessage(*message_, field),
             *places_, tree_ == nullptr ? nullptr : tree_->GetTreeForNested(field, index), file_,
             diagnostics_);
  child.path_ = absl::StrCat(path_, path_.empty() ? "" : ".", name);
  if (index >= 0) absl::StrAppend(&child.path_, "[", index, "]");
  child.place_ = place_;
  if (tree_ != nullptr) {
    const auto at = tree_->GetLocation(field, index);
    if (at.line >= 0) child.place_ = places_->InFile(at.line, at.column);
  }
  return child;
}

bool Node::Has(absl::string_view name) const {
  const FieldDescriptor* field = Field(name);
  return message_->GetReflection()->HasField(*message_, field);
}

int Node::Size(absl::string_view name) const {
  return message_->GetReflection()->FieldSize(*message_, Field(name));
}

void Node::Report(bool warning, absl::string_view name, absl::string_view message,
                  int index) const {
  Diagnostic d;
  d.warning = warning;
  d.file = file_;
  d.path = path_;
  Place place = place_;
  if (!name.empty()) {
    absl::StrAppend(&d.path, d.path.empty() ? "" : ".", name);
    if (index >= 0) absl::StrAppend(&d.path, "[", index, "]");
    if (tree_ != nullptr) {
      // A list as a whole stands where its first element does; of [a, b, c] only the beginning has
      // a place.
      const FieldDescriptor* field = Field(name);
      int element = field->is_repeated() ? std::max(index, 0) : -1;
      while (element > 0 && tree_->GetLocation(field, element).line < 0) --element;
      const auto at = tree_->GetLocation(field, element);
      if (at.line >= 0) place = places_->InFile(at.line, at.column);
    }
  }
  d.line = place.line;
  d.column = place.column;
  for (const auto& [path, text] : places_->set) {
    const bool within =
        absl::StartsWith(d.path, path) &&
        (d.path.size() == path.size() || d.path[path.size()] == '.' || d.path[path.size()] == '[');
    if (within) d.file = text, d.line = d.column = 0;
  }
  d.message = std::string(message);
  diagnostics_->Add(std::move(d));
}

void Node::Error(absl::string_view field, absl::string_view message, int index) const {
  Report(false, field, message, index);
}

void Node::Warning(absl::string_view field, absl::string_view message, int index) const {
  Report(true, field, message, index);
}

Duration Node::Dur(absl::string_view name, Duration fallback, Duration low, Duration high,
                   int index) const {
  const std::string text =
      index < 0 ? Text(name)
                : message_->GetReflection()->GetRepeatedString(*message_, Field(name), index);
  if (text.empty() && index < 0) return fallback;
  const auto d = ParseDuration(text, /*allow_negative=*/true);
  if (d.ok() && *d >= low && *d <= high) return *d;
  if (d.ok() || absl::IsOutOfRange(d.status())) {
    Error(name, absl::StrCat(ShownValue(text), " is out of range ", Range(low, high)), index);
  } else {
    Error(name, d.status().message(), index);
  }
  return fallback;
}

Duration Node::NeedDur(absl::string_view name, Duration low, Duration high) const {
  if (Text(name).empty()) {
    Error(name, absl::StrCat("is required: a duration in ", Range(low, high)));
    return low;
  }
  return Dur(name, low, low, high);
}

Duration Node::SecondsOf(absl::string_view name, Duration fallback, Duration low,
                         Duration high) const {
  const Duration d = Dur(name, fallback, low, high);
  if ((d % Seconds(1)).ns == 0) return d;
  Error(name, absl::StrCat(ShownValue(Text(name)), " is not in whole seconds; write \"",
                           d / Seconds(1), "s\" or \"", d / Seconds(1) + 1, "s\""));
  return fallback;
}

double Node::Number(absl::string_view name, double fallback, double low, double high) const {
  if (!Has(name)) return fallback;
  const double v = message_->GetReflection()->GetDouble(*message_, Field(name));
  if (v >= low && v <= high && std::isfinite(v)) return v;
  Error(name, std::isinf(low) && std::isinf(high)
                  ? absl::StrCat(TextOf(v), " is not a finite number")
                  : absl::StrCat(TextOf(v), " is out of range ", Range(low, high)));
  return fallback;
}

double Node::NeedNumber(absl::string_view name, double low, double high) const {
  if (Has(name)) return Number(name, low, low, high);
  Error(name, absl::StrCat("is required: a number in ", Range(low, high)));
  return low;
}

int64_t Node::Integer(absl::string_view name, int64_t fallback, int64_t low, int64_t high) const {
  if (!Has(name)) return fallback;
  const FieldDescriptor* field = Field(name);
  SIM_CHECK(field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32);
  const int64_t v = message_->GetReflection()->GetUInt32(*message_, field);
  if (v >= low && v <= high) return v;
  Error(name, absl::StrCat(v, " is out of range ", Range(low, high)));
  return fallback;
}

int64_t Node::NeedInteger(absl::string_view name, int64_t low, int64_t high) const {
  if (Has(name)) return Integer(name, low, low, high);
  Error(name, absl::StrCat("is required: a whole number in ", Range(low, high)));
  return low;
}

Probability Node::Chance(absl::string_view name, double fallback) const {
  return Probability::FromDouble(Number(name, fallback, 0, 1));
}

bool Node::Bool(absl::string_view name, bool fallback) const {
  const FieldDescriptor* field = Field(name);
  if (field->has_presence() && !Has(name)) return fallback;
  return message_->GetReflection()->GetBool(*message_, field);
}

std::string Node::Text(absl::string_view name) const {
  return message_->GetReflection()->GetString(*message_, Field(name));
}

int Node::Enum(absl::string_view name) const {
  const FieldDescriptor* field = Field(name);
  const int v = message_->GetReflection()->GetEnumValue(*message_, field);
  if (field->enum_type()->FindValueByNumber(v) == nullptr) {
    std::string known;
    for (int i = 0; i < field->enum_type()->value_count(); ++i) {
      if (field->enum_type()->value(i)->number() == 0) continue;
      absl::StrAppend(&known, known.empty() ? "" : " ", field->enum_type()->value(i)->name());
    }
    Error(name,
          absl::StrCat(v, " is not a value of ", field->enum_type()->name(), "; known: ", known));
    return 0;
  }
  return v;
}

void Node::Fraction(absl::string_view name, double low, double high, int32_t* num,
                    int32_t* den) const {
  if (!Has(name)) return;
  constexpr double kRefused = -1;  // no factor is negative
  const double v = Number(name, kRefused, low, high);
  if (v == kRefused) return;
  const double scaled = v * 1000;
  const double rounded = std::floor(scaled + 0.5);
  if (std::fabs(scaled - rounded) > 1e-6) {
    Error(name,
          absl::StrCat(TextOf(v), " has more than three decimals; write ", TextOf(rounded / 1000)));
    return;
  }
  const auto n = static_cast<int32_t>(rounded);
  const int32_t divisor = std::gcd(n, 1000);
  *num = n / divisor;
  *den = 1000 / divisor;
}

}  // namespace keepsim
