#include "sim/scenario/json_text.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rapidjson/encodedstream.h"
#include "rapidjson/error/en.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/reader.h"
#include "sim/scenario/field_wants.h"

namespace keepsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

const FieldDescriptor* FindField(const Descriptor* type, const std::string& name) {
  if (const FieldDescriptor* field = type->FindFieldByName(name)) return field;
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->json_name() == name) return type->field(i);
  }
  return nullptr;
}

bool IsIdentifier(const std::string& s) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  return !s.empty() && std::strchr(kLetters, s[0]) != nullptr &&
         s.find_first_not_of(absl::StrCat(kLetters, "0123456789")) == std::string::npos;
}

bool IsFloat(const FieldDescriptor* f) {
  return f->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ||
         f->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
}

bool IsInteger(const FieldDescriptor* f) {
  return f->cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
         f->cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
         f->cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
         f->cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
}

// As text format writes it: "5.0" and "1e3" are integers to JSON and not to text format.
std::string NumberText(const FieldDescriptor* f, const std::string& json) {
  constexpr double kExact = 9007199254740992;  // 2^53
  double v;
  if (!IsInteger(f) || json.find_first_of(".eE") == std::string::npos ||
      !absl::SimpleAtod(json, &v) || std::floor(v) != v || std::fabs(v) > kExact) {
    return json;
  }
  return absl::StrCat(static_cast<int64_t>(v));
}

// What a string stands for in the field, in text format.
std::string StringText(const FieldDescriptor* f, const std::string& s) {
  std::string quoted = absl::StrCat("\"", absl::Utf8SafeCEscape(s), "\"");
  if (f->enum_type() != nullptr) return IsIdentifier(s) ? s : quoted;
  if (IsFloat(f) && s == "NaN") return "nan";
  if (IsFloat(f) && s == "Infinity") return "inf";
  if (IsFloat(f) && s == "-Infinity") return "-inf";
  const bool digits = !s.empty() && s.find_first_not_of("0123456789+-.eE") == std::string::npos;
  double v;
  if ((IsFloat(f) || IsInteger(f)) && digits && absl::SimpleAtod(s, &v)) return NumberText(f, s);
  return quoted;
}

// RapidJSON's handler. It is told the tokens in order, and finds where each begins itself.
class Transcriber : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Transcriber> {
 public:
  Transcriber(absl::string_view json, const Descriptor* type, const std::string& file,
              Diagnostics& diagnostics)
      : json_(json), root_(type), file_(file), diagnostics_(diagnostics) {}

  JsonText Take() { return std::move(out_); }

  bool Null() {
    CountElement();
    Begin(4);
    if (skipped_ == 0 && !open_.empty() && open_.back().list)
      Complain("null has no place in a list");
    return true;  // a field that is not given
  }
  bool Bool(bool b) {
    CountElement();
    Begin(b ? 4 : 5);
    Scalar([&](const FieldDescriptor*) { return std::string(b ? "true" : "false"); });
    return true;
  }
  bool RawNumber(const char* s, rapidjson::SizeType length, bool) {
    CountElement();
    Begin(length);
    Scalar([&](const FieldDescriptor* f) { return NumberText(f, std::string(s, length)); });
    return true;
  }
  bool String(const char* s, rapidjson::SizeType length, bool) {
    CountElement();
    BeginQuoted();
    Scalar([&](const FieldDescriptor* f) { return StringText(f, std::string(s, length)); });
    return true;
  }
  bool Key(const char* s, rapidjson::SizeType length, bool) {
    BeginQuoted();
    if (skipped_ > 0) return true;
    Level& level = open_.back();
    const std::string name(s, length);
    level.field = FindField(level.type, name);
    level.name = at_;
    if (level.field == nullptr) {
      Complain(UnknownField(*level.type, absl::Utf8SafeCEscape(name)));
    }
    return true;
  }
  bool StartObject() {
    CountElement();
    Begin(1);
    if (skipped_ > 0) {
      ++skipped_;
    } else if (open_.empty()) {
      open_.push_back({root_, false, nullptr, at_});
    } else if (const FieldDescriptor* field = open_.back().field;
               field != nullptr && field->message_type() != nullptr) {
      WriteName();
      Write("{");
      open_.push_back({field->message_type(), false, nullptr, at_});
    } else {
      if (field != nullptr) Complain(absl::StrCat(Wanted(*field), ", not { }"));
      ++skipped_;
    }
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    Begin(1);
    if (skipped_ > 0) {
      --skipped_;
      return true;
    }
    open_.pop_back();
    if (!open_.empty()) Write("}");
    return true;
  }
  bool StartArray() {
    CountElement();
    Begin(1);
    if (skipped_ > 0) {
      ++skipped_;
    } else if (open_.empty()) {
      Complain(absl::StrCat("a ", root_->name(), " is one object: { ... }"));
      ++skipped_;
    } else if (const FieldDescriptor* field = open_.back().field;
               field != nullptr && field->is_repeated() && !open_.back().list) {
      open_.push_back({nullptr, true, field, at_});
    } else {
      if (field != nullptr) Complain(absl::StrCat(Wanted(*field), ", not [ ]"));
      ++skipped_;
    }
    return true;
  }
  bool EndArray(rapidjson::SizeType) {
    Begin(1);
    if (skipped_ > 0) {
      --skipped_;
      return true;
    }
    open_.pop_back();
    return true;
  }

  // Of the field that is being read, or of the message around an unknown one.
  std::string Path() const {
    std::string path;
    for (const Level& level : open_) {
      if (level.list) {
        absl::StrAppend(&path, "[", std::max(level.index, 0), "]");
      } else if (level.field != nullptr) {
        absl::StrAppend(&path, path.empty() ? "" : ".", level.field->name());
      }
    }
    return path;
  }

  // What was read before the JSON ended too early is whole.
  void CloseAll() {
    for (; open_.size() > 1; open_.pop_back()) {
      if (!open_.back().list) Write("}");
    }
  }

  void Complain(const std::string& message) { ComplainAt(at_, message, Path()); }
  void ComplainAt(Place at, const std::string& message, const std::string& path = "") {
    diagnostics_.Add({false, file_, at.line, at.column, path, message});
  }
  Place PlaceOf(size_t offset) const {
    const absl::string_view before = json_.substr(0, offset);
    const size_t line = before.rfind('\n');  // npos + 1 is 0
    return {1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
            1 + static_cast<int>(offset - (line + 1))};
  }

 private:
  struct Level {
    const Descriptor* type;  // null in a list
    bool list;
    const FieldDescriptor* field;  // of the value that comes next; null: unknown
    Place name;                    // where the field's name stands
    int index = -1;                // in a list: of the element that was begun last
  };

  // Within a list, the value that begins is its next element.
  void CountElement() {
    if (skipped_ == 0 && !open_.empty() && open_.back().list) ++open_.back().index;
  }

  // The next token begins behind white space and separators, and is `length` bytes long.
  void Begin(size_t length) {
    while (next_ < json_.size() && std::strchr(" \t\r\n,:", json_[next_]) != nullptr) {
      if (json_[next_++] == '\n') {
        ++line_;
        line_start_ = next_;
      }
    }
    at_ = {line_, 1 + static_cast<int>(next_ - line_start_)};
    next_ += length;
  }
  void BeginQuoted() {
    Begin(1);
    while (next_ < json_.size() && json_[next_] != '"') next_ += json_[next_] == '\\' ? 2 : 1;
    ++next_;
  }

  void Write(absl::string_view token) { WriteAt(at_, token); }
  void WriteAt(Place at, absl::string_view token) {
    absl::StrAppend(&out_.text, token, "\n");
    out_.lines.push_back(at);
  }
  // Each element of a list is written as a field of its own, where the element stands.
  void WriteName() {
    const Level& level = open_.back();
    WriteAt(level.list ? at_ : level.name, absl::StrCat(level.field->name(), ":"));
  }

  template <typename TextOf>
  void Scalar(const TextOf& text_of) {
    if (skipped_ > 0) return;
    if (open_.empty()) return Complain(absl::StrCat("a ", root_->name(), " is an object: { ... }"));
    const FieldDescriptor* field = open_.back().field;
    if (field == nullptr) return;
    if (field->message_type() != nullptr) {
      return Complain(Wanted(*field));
    }
    WriteName();
    Write(text_of(field));
  }

  absl::string_view json_;
  const Descriptor* root_;
  const std::string& file_;
  Diagnostics& diagnostics_;
  JsonText out_;
  std::vector<Level> open_;
  int skipped_ = 0;  // open objects and lists without a counterpart
  size_t next_ = 0;
  int line_ = 1;
  size_t line_start_ = 0;
  Place at_;
};

}  // namespace

JsonText TranscribeJson(absl::string_view json, const Descriptor* type, const std::string& file,
                        Diagnostics& diagnostics) {
  Transcriber transcriber(json, type, file, diagnostics);
  // RapidJSON takes a zero byte for the end.
  if (const size_t zero = json.find('\0'); zero != absl::string_view::npos) {
    transcriber.ComplainAt(transcriber.PlaceOf(zero), "a zero byte is not JSON");
    return {};
  }
  rapidjson::MemoryStream bytes(json.data(), json.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
  rapidjson::Reader reader;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(stream, transcriber);
  if (result.IsError()) {
    const Place at = transcriber.PlaceOf(std::min(result.Offset(), json.size()));
    if (result.Code() == rapidjson::kParseErrorNumberTooBig) {
      transcriber.ComplainAt(at, "the number is too large to be one: at most 1.7e308",
                             transcriber.Path());
    } else {
      transcriber.ComplainAt(
          at, absl::StrCat("not JSON: ", rapidjson::GetParseError_En(result.Code())));
    }
    transcriber.CloseAll();
  }
  return transcriber.Take();
}

}  // namespace keepsim
