#include "sim/scenario/text_file.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "sim/base/spelling.h"
#include "sim/scenario/field_wants.h"
#include "sim/scenario/json_text.h"
#include "sim/scenario/text_path.h"

namespace keepsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::TextFormat;

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
  std::string subject;  // the name in question, which stands before (line, column)
  // What has to be made harmless for the reading to go on.
  enum { kNothing, kEnumValue, kFieldName, kFieldOfValue } blank = kNothing;
  std::string path;  // of the field that it is about
};

// The name of a field that the reader skips, as it does not know it, is made of these.
constexpr char kBlank = '_';

// Nobody reads more, and each costs a search through the file.
constexpr size_t kMostProblems = 100;

class Collector : public google::protobuf::io::ErrorCollector {
 public:
  explicit Collector(const FileDescriptor* schema) : schema_(schema) {}
  void AddError(int line, int column, const std::string& message) override {
    if (problems.size() == kMostProblems) problems.pop_back();  // the error ends the reading
    Problem p{line, column, message, "", Problem::kNothing};
    if (absl::StartsWith(message, "Unknown enumeration value")) {
      p.blank = Problem::kEnumValue;
      p.subject = Quoted(message, 0);
    } else if (absl::StrContains(message, "has no field named")) {
      p.message = UnknownField(message);
      p.subject = Quoted(message, 1);
    } else if (absl::StartsWith(message, "Invalid value for boolean field")) {
      p.blank = Problem::kFieldOfValue;
      p.subject = Quoted(message, 1);
    } else if (absl::StartsWith(message, "Field \"") || absl::StartsWith(message, "Non-repeated")) {
      p.blank = Problem::kFieldName;
      p.subject = Quoted(message, 0);
      p.message = absl::StartsWith(message, "Non-repeated")
                      ? "is given a second time; it is no list"
                      : absl::StrCat("is given beside ", Quoted(message, 1),
                                     ", but only one of them can be");
    } else if (absl::StartsWith(message, "Expected ") ||
               absl::StartsWith(message, "Integer out of range (")) {
      p.blank = Problem::kFieldOfValue;
    }
    problems.push_back(std::move(p));
  }
  void AddWarning(int line, int column, const std::string& message) override {
    // Unknown fields come as warnings, so that reading goes on and all of them are found.
    if (problems.size() == kMostProblems) return;
    if (absl::StrContains(message, "has no field named")) {
      problems.push_back({line, column, UnknownField(message), Quoted(message, 1)});
    } else if (absl::StrContains(message, "xtension")) {
      const std::string name = Quoted(message, 0);
      problems.push_back(
          {line, column, absl::StrCat("unknown field \"[", name, "]\": no name stands in brackets"),
           name});
    } else {
      problems.push_back({line, column, message, ""});
    }
  }

  std::vector<Problem> problems;

 private:
  std::string UnknownField(const std::string& message) const {
    const std::string type = Quoted(message, 0);
    const std::string field = Quoted(message, 1);
    const Descriptor* d = schema_->pool()->FindMessageTypeByName(type);
    return d == nullptr ? absl::StrCat("unknown field \"", field, "\" in ", type)
                        : keepsim::UnknownField(*d, field);
  }
  const FileDescriptor* schema_;
};

// Offset of (line, column), both from 0; npos if there is no such line.
size_t OffsetOf(const std::string& text, int line, int column) {
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
  return at;
}

// Offset of what `p` is about: protobuf reports names at the token behind them. npos if it is not
// there.
size_t SubjectOf(const std::string& text, const Problem& p) {
  const size_t at = OffsetOf(text, p.line, p.column);
  if (p.subject.empty() || at == std::string::npos) return at;
  return at < p.subject.size() ? std::string::npos : text.rfind(p.subject, at - 1);
}

// Makes the reading go on behind `p`, whose subject stands at `at`. False if it cannot.
bool Blank(const Problem& p, size_t at, std::string& text) {
  if (at == std::string::npos || at >= text.size()) return false;
  if (p.blank == Problem::kEnumValue) {
    // A number that every enum has.
    text.replace(at, p.subject.size(), std::string(p.subject.size() - 1, ' ') + "0");
    return true;
  }
  size_t end = at + p.subject.size();  // of the field's name
  if (p.blank == Problem::kFieldOfValue) {
    constexpr char kBetween[] = " \t\r\n:-";
    end = at == 0 ? std::string::npos : text.find_last_not_of(kBetween, at - 1);
    if (end++ == std::string::npos) return false;
  }
  constexpr char kName[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  const size_t before = text.find_last_not_of(kName, end - 1);
  const size_t begin = before == std::string::npos ? 0 : before + 1;
  if (begin >= end) return false;  // in a list, or behind a comment
  std::fill(text.begin() + static_cast<ptrdiff_t>(begin),
            text.begin() + static_cast<ptrdiff_t>(end), kBlank);
  return true;
}

// Moves a problem to where its subject begins.
void PlaceAt(const std::string& text, size_t offset, Problem& p) {
  p.line = static_cast<int>(
      std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(offset), '\n'));
  const size_t start = offset == 0 ? std::string::npos : text.rfind('\n', offset - 1);
  p.column = static_cast<int>(offset - (start == std::string::npos ? 0 : start + 1));
}

// The value at `offset`: up to what ends it, and not all of a long one.
std::string ValueAt(absl::string_view text, size_t offset) {
  constexpr size_t kMost = 60;
  size_t end = offset;
  bool quoted = false;
  while (end < text.size() && text[end] != '\n' && end - offset < kMost) {
    if (text[end] == '"') quoted = !quoted;
    if (!quoted && end > offset && std::strchr(" \t\r;,{}<>[]#", text[end]) != nullptr) break;
    ++end;
  }
  return std::string(text.substr(offset, end - offset));
}

// Says which field a problem is about, and of a value what it should be.
void Name(absl::string_view text, size_t offset, const Descriptor* type, Problem& p) {
  const TextField field = FieldAt(text, offset, type);
  p.path = field.path;
  if (field.last == nullptr) return;
  if (p.blank == Problem::kEnumValue && field.last->enum_type() != nullptr) {
    const std::vector<std::string> names = ValueNames(*field.last->enum_type());
    p.message = absl::StrCat("unknown value \"", p.subject, "\" of field ", field.last->name(),
                             DidYouMean(p.subject, names), "; known: ", absl::StrJoin(names, " "));
  }
  if (p.blank != Problem::kFieldOfValue) return;
  const bool colon = absl::StartsWith(p.message, "Expected \":\"");
  if (colon && text[offset] != '{' && text[offset] != '<') return;
  p.message = absl::StrCat(Wanted(*field.last), ", not ", ValueAt(text, offset));
}

// `places` maps lines of `contents` back to the file, if it is not the file itself.
void Read(const std::string& contents, const std::string& file, google::protobuf::Message* message,
          FieldPlaces& places, Diagnostics& diagnostics) {
  std::string text = contents;  // what has been reported is taken out of it
  std::vector<Problem> found;
  constexpr int kMaxRounds = 50;
  for (int round = 0; round < kMaxRounds; ++round) {
    message->Clear();
    places.tree = std::make_shared<TextFormat::ParseInfoTree>();
    TextFormat::Parser parser;
    Collector collector(message->GetDescriptor()->file());
    parser.RecordErrorsTo(&collector);
    parser.WriteLocationsTo(places.tree.get());
    parser.AllowUnknownField(true);
    parser.SetRecursionLimit(50);
    google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    bool again = !parser.Parse(&stream, message);
    const Problem* last = nullptr;
    size_t last_at = std::string::npos;
    for (Problem& p : collector.problems) {
      const size_t at = SubjectOf(text, p);
      const bool ours =
          at != std::string::npos && contents.compare(at, p.subject.size(), p.subject) != 0;
      if (ours) continue;  // a name that an earlier round has blanked
      if (p.blank != Problem::kNothing) last = &p, last_at = at;
      if (at != std::string::npos && !p.subject.empty()) PlaceAt(text, at, p);
      const auto same = [&](const Problem& q) { return q.line == p.line && q.column == p.column; };
      if (std::any_of(found.begin(), found.end(), same)) continue;
      if (at < contents.size()) Name(contents, at, message->GetDescriptor(), p);
      found.push_back(p);
    }
    again = again && last != nullptr && found.size() < kMostProblems && Blank(*last, last_at, text);
    if (!again) break;
  }
  for (const Problem& p : found) {
    const Place at = places.InFile(p.line, p.column);
    diagnostics.Add({false, file, at.line, at.column, p.path, p.message});
  }
}

}  // namespace

FieldPlaces ReadTextMessage(absl::string_view contents, const std::string& file,
                            google::protobuf::Message* message, Diagnostics& diagnostics) {
  FieldPlaces places;
  Read(std::string(contents), file, message, places, diagnostics);
  return places;
}

FieldPlaces ReadJsonMessage(absl::string_view contents, const std::string& file,
                            google::protobuf::Message* message, Diagnostics& diagnostics) {
  JsonText transcribed = TranscribeJson(contents, message->GetDescriptor(), file, diagnostics);
  FieldPlaces places;
  places.lines = std::move(transcribed.lines);
  Read(transcribed.text, file, message, places, diagnostics);
  return places;
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
  if (absl::StartsWith(contents, "\xFF\xFE") || absl::StartsWith(contents, "\xFE\xFF")) {
    return absl::InvalidArgumentError("is UTF-16; save it as UTF-8");
  }
  if (absl::StartsWith(contents, "\xEF\xBB\xBF")) contents.erase(0, 3);  // a byte order mark
  if (contents.size() > kMaxInputBytes) return TooLarge();
  return contents;
}

absl::Status TooLarge() {
  return absl::InvalidArgumentError(
      absl::StrCat("is larger than ", kMaxInputBytes >> 20, " MiB, the most that is accepted"));
}

}  // namespace keepsim
