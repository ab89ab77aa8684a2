#include "sim/scenario/text_file.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "sim/base/spelling.h"

namespace keepsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::TextFormat;

std::vector<std::string> FieldNames(const Descriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) names.push_back(type->field(i)->name());
  return names;
}

// The text between the n-th and (n+1)-th double quote; protobuf's messages quote their subjects.
std::string Quoted(const std::string& message, int n) {
  const std::vector<std::string> parts = absl::StrSplit(message, '"');
  const size_t i = static_cast<size_t>(2 * n + 1);
  return i < parts.size() ? parts[i] : "";
}

struct Problem {
  int line;
  int column;
  std::string message;
  bool enum_value = false;
  std::string subject;  // the unknown name
};

// Nobody reads more, and each costs a search through the file.
constexpr size_t kMostProblems = 100;

class Collector : public google::protobuf::io::ErrorCollector {
 public:
  explicit Collector(const FileDescriptor* schema) : schema_(schema) {}
  void AddError(int line, int column, const std::string& message) override {
    if (problems.size() == kMostProblems) problems.pop_back();  // the error ends the reading
    Problem p{line, column, message, false, Quoted(message, 0)};
    if (absl::StartsWith(message, "Unknown enumeration value")) {
      p.enum_value = true;
      p.message =
          absl::StrCat("unknown value \"", Quoted(message, 0), "\" of field ", Quoted(message, 1),
                       EnumHint(Quoted(message, 0), Quoted(message, 1)));
    } else if (absl::StrContains(message, "has no field named")) {
      p.message = UnknownField(message);
      p.subject = Quoted(message, 1);
    } else if (absl::StartsWith(message, "Invalid value for boolean field")) {
      p.message = absl::StrCat("invalid value \"", Quoted(message, 1), "\" of field ",
                               Quoted(message, 0), "; known: true false");
      p.subject = Quoted(message, 1);
    } else {
      p.subject.clear();
    }
    problems.push_back(std::move(p));
  }
  void AddWarning(int line, int column, const std::string& message) override {
    // Unknown fields come as warnings, so that reading goes on and all of them are found.
    if (problems.size() == kMostProblems) return;
    if (absl::StrContains(message, "has no field named")) {
      problems.push_back({line, column, UnknownField(message), false, Quoted(message, 1)});
    }
  }

  std::vector<Problem> problems;

 private:
  std::string UnknownField(const std::string& message) const {
    const std::string type = Quoted(message, 0);
    const std::string field = Quoted(message, 1);
    const Descriptor* d = schema_->pool()->FindMessageTypeByName(type);
    return absl::StrCat("unknown field \"", field, "\" in ",
                        d == nullptr ? type : std::string(d->name()),
                        d == nullptr ? "" : DidYouMean(field, FieldNames(d)));
  }
  // The field's enum is found by the field's name, over all messages of the schema and of what it
  // imports.
  std::string EnumHint(const std::string& value, const std::string& field) const {
    std::vector<std::string> names;
    const auto add = [&](const Descriptor* type, const auto& self) -> void {
      for (int i = 0; i < type->field_count(); ++i) {
        const EnumDescriptor* e = type->field(i)->enum_type();
        if (e == nullptr || type->field(i)->name() != field) continue;
        for (int j = 0; j < e->value_count(); ++j) {
          if (e->value(j)->number() != 0) names.push_back(e->value(j)->name());
        }
      }
      for (int i = 0; i < type->nested_type_count(); ++i) self(type->nested_type(i), self);
    };
    const auto add_file = [&](const FileDescriptor* file, const auto& self) -> void {
      for (int i = 0; i < file->message_type_count(); ++i) add(file->message_type(i), add);
      for (int i = 0; i < file->dependency_count(); ++i) self(file->dependency(i), self);
    };
    add_file(schema_, add_file);
    std::string hint = DidYouMean(value, names);
    if (!names.empty()) {
      absl::StrAppend(&hint, "; known: ");
      for (size_t i = 0; i < names.size(); ++i) absl::StrAppend(&hint, i ? " " : "", names[i]);
    }
    return hint;
  }

  const FileDescriptor* schema_;
};

// Offset of the identifier `name` that ends last before (line, column), both from 0: protobuf
// reports names that it does not know at the token behind them. npos if it is not there.
size_t FindBefore(const std::string& text, const std::string& name, int line, int column) {
  size_t at = 0;
  for (int i = 0; i < line; ++i) {
    at = text.find('\n', at);
    if (at == std::string::npos) return std::string::npos;
    ++at;
  }
  // The tokenizer counts a tab as up to the next multiple of eight.
  for (int seen = 0; at < text.size() && seen < column && text[at] != '\n'; ++at) {
    seen = text[at] == '\t' ? (seen / 8 + 1) * 8 : seen + 1;
  }
  if (name.empty() || at < name.size()) return std::string::npos;
  return text.rfind(name, at - 1);
}

// Moves a problem to where its subject begins.
void PlaceAt(const std::string& text, size_t offset, Problem& p) {
  p.line = static_cast<int>(
      std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(offset), '\n'));
  const size_t start = offset == 0 ? std::string::npos : text.rfind('\n', offset - 1);
  p.column = static_cast<int>(offset - (start == std::string::npos ? 0 : start + 1));
}

}  // namespace

std::shared_ptr<TextFormat::ParseInfoTree> ReadTextMessage(absl::string_view contents,
                                                           const std::string& file,
                                                           google::protobuf::Message* message,
                                                           Diagnostics& diagnostics) {
  std::shared_ptr<TextFormat::ParseInfoTree> locations;
  std::string text(contents);
  std::vector<Problem> found;
  constexpr int kMaxRounds = 50;
  for (int round = 0; round < kMaxRounds; ++round) {
    message->Clear();
    locations = std::make_shared<TextFormat::ParseInfoTree>();
    TextFormat::Parser parser;
    Collector collector(message->GetDescriptor()->file());
    parser.RecordErrorsTo(&collector);
    parser.WriteLocationsTo(locations.get());
    parser.AllowUnknownField(true);
    parser.SetRecursionLimit(50);
    google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    const bool ok = parser.Parse(&stream, message);
    size_t blank = std::string::npos;
    size_t blank_size = 0;
    for (Problem& p : collector.problems) {
      const size_t at = FindBefore(text, p.subject, p.line, p.column);
      if (at != std::string::npos) {
        if (p.enum_value) blank = at, blank_size = p.subject.size();
        PlaceAt(text, at, p);
      }
      const auto same = [&](const Problem& q) { return q.line == p.line && q.column == p.column; };
      if (std::none_of(found.begin(), found.end(), same)) found.push_back(p);
    }
    if (ok || blank == std::string::npos || found.size() >= kMostProblems) break;
    // A number that every enum has, in the place of the unknown value, so that reading goes on.
    text.replace(blank, blank_size, std::string(blank_size - 1, ' ') + "0");
  }
  for (const Problem& p : found) {
    diagnostics.Add({false, file, p.line + 1, p.column + 1, "", p.message});
  }
  return locations;
}

absl::StatusOr<std::string> ReadInputFile(const std::string& path) {
  std::FILE* f = std::fopen(path.c_str(), "rb");
  if (f == nullptr) {
    return absl::NotFoundError("cannot be opened: no such file, or no permission to read it");
  }
  std::string contents;
  char buffer[65536];
  size_t n;
  while ((n = std::fread(buffer, 1, sizeof(buffer), f)) > 0) {
    contents.append(buffer, n);
    if (contents.size() > kMaxInputBytes) break;
  }
  const bool bad = std::ferror(f) != 0;
  std::fclose(f);
  if (bad) return absl::UnavailableError("cannot be read; is it a folder?");
  if (contents.size() > kMaxInputBytes) return TooLarge(contents.size());
  return contents;
}

absl::Status TooLarge(size_t bytes) {
  return absl::InvalidArgumentError(
      absl::StrCat("the file has ", bytes, " bytes; at most ", kMaxInputBytes, " are accepted"));
}

}  // namespace keepsim
