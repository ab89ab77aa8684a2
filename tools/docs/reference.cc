#include "tools/docs/reference.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace keepsim {

const char kReferenceCommand[] = "bazel run //tools/docs:schema_reference";

namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::SourceLocation;

// ---- comments ---------------------------------------------------------------------------------

// Lines of a comment as paragraphs, each one line.
std::vector<std::string> Paragraphs(const std::string& comment) {
  std::vector<std::string> paragraphs;
  bool begins = true;
  for (const absl::string_view raw : absl::StrSplit(comment, '\n')) {
    const std::string line(absl::StripAsciiWhitespace(raw));
    if (line.empty()) {
      begins = true;
    } else if (begins) {
      paragraphs.push_back(line);
      begins = false;
    } else {
      absl::StrAppend(&paragraphs.back(), " ", line);
    }
  }
  return paragraphs;
}

// What stands before and behind an element.
template <typename Element>
std::vector<std::string> CommentOf(const Element& element) {
  SourceLocation at;
  if (!element.GetSourceLocation(&at)) return {};
  std::vector<std::string> comment = Paragraphs(at.leading_comments);
  for (std::string& paragraph : Paragraphs(at.trailing_comments)) {
    comment.push_back(std::move(paragraph));
  }
  return comment;
}

// The comment that a file begins with stands before its `syntax`.
std::vector<std::string> CommentOf(const FileDescriptor& file) {
  SourceLocation at;
  constexpr int kSyntax = 12;  // FileDescriptorProto.syntax
  if (!file.GetSourceLocation({kSyntax}, &at)) return {};
  return Paragraphs(at.leading_comments);
}

// Plain text as Markdown, `code` left as it is.
std::string Escape(const std::string& text) {
  std::string out;
  bool code = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '`') code = !code;
    const bool in_word = i > 0 && i + 1 < text.size() && absl::ascii_isalnum(text[i - 1]) &&
                         absl::ascii_isalnum(text[i + 1]);
    const bool special = c == '*' || c == '<' || c == '\\' || (c == '_' && !in_word);
    // A table's bar ends the cell even inside code.
    if (c == '|' || (special && !code)) out += '\\';
    out += c;
  }
  return out;
}

std::string Cell(const std::vector<std::string>& paragraphs) {
  return absl::StrJoin(paragraphs, "<br>", [](std::string* out, const std::string& paragraph) {
    out->append(Escape(paragraph));
  });
}

// ---- names and links --------------------------------------------------------------------------

// "Empirical.Bin": the full name without the package.
template <typename Type>
std::string NameOf(const Type& type) {
  const std::string& package = type.file()->package();
  return package.empty() ? type.full_name() : type.full_name().substr(package.size() + 1);
}

// The anchor that GitHub gives a heading; `page`: the file that it is in, "" for this one.
std::string LinkTo(const std::string& name, const std::string& page = "") {
  std::string anchor;
  for (const char c : name) {
    if (absl::ascii_isalnum(c) || c == '_' || c == '-') anchor += absl::ascii_tolower(c);
  }
  return absl::StrCat("[", name, "](", page, "#", anchor, ")");
}

// A type of this page, or of the imported schema's own page, beside this one.
template <typename Type>
std::string LinkToType(const Type& type, const FileDescriptor& here) {
  if (type.file() == &here) return LinkTo(NameOf(type));
  for (const Reference& r : References()) {
    if (r.proto != type.file()->name()) continue;
    return LinkTo(NameOf(type), r.page.substr(r.page.rfind('/') + 1));
  }
  return NameOf(type);
}

std::string TypeOf(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) return LinkToType(*field.message_type(), *field.file());
  if (field.enum_type() != nullptr) return LinkToType(*field.enum_type(), *field.file());
  return field.type_name();
}

std::string HowMany(const FieldDescriptor& field) {
  if (field.is_repeated()) return "repeated";
  if (field.has_optional_keyword()) return "optional";
  if (field.real_containing_oneof() != nullptr) {
    return absl::StrCat("one of `", field.containing_oneof()->name(), "`");
  }
  return "";
}

// ---- the reading order ------------------------------------------------------------------------

struct Section {
  const Descriptor* message = nullptr;  // one of the two
  const EnumDescriptor* enumeration = nullptr;
  int depth = 0;
};

class Order {
 public:
  Order(const FileDescriptor& file, const Descriptor& root) : file_(file) {
    Visit(&root, 0);
    for (int i = 0; i < file.message_type_count(); ++i) Visit(file.message_type(i), 0);
    for (int i = 0; i < file.enum_type_count(); ++i) Visit(file.enum_type(i), 0);
  }
  const std::vector<Section>& sections() const { return sections_; }

 private:
  void Visit(const Descriptor* message, int depth) {
    const auto same = [message](const Section& s) { return s.message == message; };
    if (message->file() != &file_ || std::any_of(sections_.begin(), sections_.end(), same)) return;
    sections_.push_back({message, nullptr, depth});
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor* field = message->field(i);
      if (field->message_type() != nullptr) Visit(field->message_type(), depth + 1);
      if (field->enum_type() != nullptr) Visit(field->enum_type(), depth + 1);
    }
  }
  void Visit(const EnumDescriptor* enumeration, int depth) {
    const auto same = [enumeration](const Section& s) { return s.enumeration == enumeration; };
    if (enumeration->file() != &file_) return;
    if (std::any_of(sections_.begin(), sections_.end(), same)) return;
    sections_.push_back({nullptr, enumeration, depth});
  }

  const FileDescriptor& file_;  // what it imports has a page of its own
  std::vector<Section> sections_;
};

std::string NameOf(const Section& s) {
  return s.message != nullptr ? NameOf(*s.message) : NameOf(*s.enumeration);
}

// ---- the page ---------------------------------------------------------------------------------

void AddParagraphs(const std::vector<std::string>& paragraphs, std::string* out) {
  for (const std::string& p : paragraphs) absl::StrAppend(out, Escape(p), "\n\n");
}

void AddMessage(const Descriptor& message, std::string* out) {
  AddParagraphs(CommentOf(message), out);
  for (int i = 0; i < message.real_oneof_decl_count(); ++i) {
    AddParagraphs(CommentOf(*message.oneof_decl(i)), out);
  }
  if (message.field_count() == 0) return absl::StrAppend(out, "It has no fields.\n\n");
  absl::StrAppend(out, "| field | type | | meaning |\n|---|---|---|---|\n");
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    absl::StrAppend(out, "| `", field.name(), "` | ", TypeOf(field), " | ", HowMany(field), " | ",
                    Cell(CommentOf(field)), " |\n");
  }
  absl::StrAppend(out, "\n");
}

void AddEnum(const EnumDescriptor& enumeration, std::string* out) {
  AddParagraphs(CommentOf(enumeration), out);
  absl::StrAppend(out, "| value | meaning |\n|---|---|\n");
  for (int i = 0; i < enumeration.value_count(); ++i) {
    const EnumValueDescriptor& value = *enumeration.value(i);
    if (value.number() == 0 && CommentOf(value).empty()) continue;
    absl::StrAppend(out, "| `", value.name(), "` | ", Cell(CommentOf(value)), " |\n");
  }
  absl::StrAppend(out, "\n");
}

}  // namespace

const std::vector<Reference>& References() {
  static const auto* const references = new std::vector<Reference>{
      {"sim/scenario/scenario.proto", "tools/docs/scenario.binpb", "keepsim.pb.Scenario",
       "Scenario reference", "docs/scenario_reference.md"},
      {"sim/metrics/summary.proto", "tools/docs/summary.binpb", "keepsim.summary_pb.RunSummary",
       "Summary reference", "docs/summary_reference.md"},
      {"sim/run/sweep.proto", "tools/docs/sweep.binpb", "keepsim.pb.Sweep", "Sweep reference",
       "docs/sweep_reference.md"},
      {"sim/run/hunt.proto", "tools/docs/hunt.binpb", "keepsim.pb.HuntBounds", "Hunt reference",
       "docs/hunt_reference.md"},
      {"sim/run/tune.proto", "tools/docs/tune.binpb", "keepsim.pb.Tune", "Tune reference",
       "docs/tune_reference.md"},
      {"tools/probe/probe.proto", "tools/docs/probe.binpb", "keepsim.probe_pb.ProbeSummary",
       "Probe reference", "docs/probe_reference.md"},
      {"sim/run/rare.proto", "tools/docs/rare.binpb", "keepsim.pb.RareSummary",
       "Rare events reference", "docs/rare_reference.md"},
  };
  return *references;
}

Schema::Schema(const Reference& reference)
    : reference_(reference), pool_(std::make_unique<google::protobuf::DescriptorPool>()) {}

absl::StatusOr<Schema> Schema::Read(const Reference& reference) {
  std::ifstream file(reference.descriptors, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(reference.descriptors, " is missing"));
  return Parse(reference, {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
}

absl::StatusOr<Schema> Schema::Parse(const Reference& reference, const std::string& descriptors) {
  FileDescriptorSet files;
  if (!files.ParseFromString(descriptors)) {
    return absl::InvalidArgumentError(absl::StrCat(reference.proto, ": not a FileDescriptorSet"));
  }
  Schema schema(reference);
  for (const FileDescriptorProto& file : files.file()) {
    if (schema.pool_->BuildFile(file) == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(file.name(), ": not a valid schema"));
    }
  }
  schema.file_ = schema.pool_->FindFileByName(reference.proto);
  schema.root_ = schema.pool_->FindMessageTypeByName(reference.message);
  if (schema.file_ == nullptr || schema.root_ == nullptr) {
    return absl::NotFoundError(
        absl::StrCat(reference.proto, ": there is no message ", reference.message));
  }
  return schema;
}

std::string Schema::Page() const {
  const Order order(*file_, *root_);
  std::string out =
      absl::StrCat("# ", reference_.title, "\n\nGenerated from the comments of `", reference_.proto,
                   "`: change them, not this page, and run `", kReferenceCommand, "`.\n\n");
  AddParagraphs(CommentOf(*file_), &out);
  absl::StrAppend(&out,
                  "In the tables, *repeated* is a list; *optional* means that a field which is not "
                  "given differs from one\nthat is 0 or empty; of several fields that are *one of* "
                  "the same, one can be given.\n\n## Contents\n\n");
  for (const Section& s : order.sections()) {
    absl::StrAppend(&out, std::string(static_cast<size_t>(2 * s.depth), ' '), "- ",
                    LinkTo(NameOf(s)), "\n");
  }
  for (const Section& s : order.sections()) {
    absl::StrAppend(&out, "\n## ", NameOf(s), "\n\n");
    if (s.message != nullptr) {
      AddMessage(*s.message, &out);
    } else {
      AddEnum(*s.enumeration, &out);
    }
    out.pop_back();  // the sections bring their empty line
  }
  return out;
}

std::vector<std::string> Schema::Undescribed() const {
  std::vector<std::string> names;
  const Order order(*file_, *root_);
  for (const Section& s : order.sections()) {
    for (int i = 0; s.message != nullptr && i < s.message->field_count(); ++i) {
      const FieldDescriptor& field = *s.message->field(i);
      if (CommentOf(field).empty()) names.push_back(absl::StrCat(NameOf(s), ".", field.name()));
    }
    for (int i = 0; s.enumeration != nullptr && i < s.enumeration->value_count(); ++i) {
      const EnumValueDescriptor& value = *s.enumeration->value(i);
      if (value.number() != 0 && CommentOf(value).empty()) {
        names.push_back(absl::StrCat(NameOf(s), ".", value.name()));
      }
    }
  }
  return names;
}

}  // namespace keepsim
