#include "tests/scenario/field_values.h"

#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"
#include "sim/base/duration_text.h"

namespace keepsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Bad and good values of a text that is not a duration.
struct Texts {
  std::vector<BadValue> bad;
  std::vector<std::string> good;
};

std::string Quote(const std::string& s) { return absl::StrCat("\"", s, "\""); }

BadValue Required(const std::string& zero) { return {zero, {"is required"}}; }
BadValue Misspelt(const std::string& text) { return {Quote(text), {text}}; }

// Limits of MQTT's texts.
const std::string& Longest() {
  static const auto* const kText = new std::string(65535, 'x');
  return *kText;
}
BadValue TooLong() { return {Quote(Longest() + "x"), {"is 65536 bytes long", "at most 65535"}}; }
BadValue Zero() { return {Quote("a\\u0000b"), {"zero character"}}; }
BadValue Wildcard(const std::string& topic) { return {Quote(topic), {topic, "has a wildcard"}}; }
BadValue NoFilter(const std::string& filter) {
  return {Quote(filter), {filter, "is not a topic filter"}};
}

const std::map<std::string, Texts>& TextRules() {
  const std::string any = Quote("any text, \xc3\xbc");
  const std::vector<std::string> any_or_none = {any, Quote("")};
  const std::string longest = Quote(Longest());
  const std::vector<BadValue> no_text = {TooLong(), Zero()};
  const std::vector<BadValue> no_name = {Required(Quote("")),
                                         {Quote("own"), {"own", "is the name of an earlier"}}};
  const std::vector<BadValue> no_profile = {{Quote("spek"), {"spek", "did you mean \"spec\""}},
                                            {Quote("spec 9"), {"unknown"}}};
  static const auto* const kRules = new std::map<std::string, Texts>{
      {"Scenario.name", {{}, any_or_none}},
      {"Scenario.question", {{}, any_or_none}},
      {"Scenario.reading", {{}, any_or_none}},
      {"Group.name",
       {{Required(Quote("")),
         {Quote("a b"), {"a b", "at most 200 letters, digits, _ and -"}},
         {Quote("a/b"), {"a/b", "at most 200 letters"}},
         {Quote(std::string(201, 'n')), {"nnn...", "at most 200 letters"}}},
        {Quote("A_9-"), Quote(std::string(200, 'n'))}}},
      {"Group.region", {{}, any_or_none}},
      {"Group.client", {no_profile, {Quote(""), Quote("mqttjs 5")}}},
      {"Connect.client_id", {no_text, {any, Quote(""), longest}}},
      {"Connect.user_name", {no_text, {any, Quote(""), longest}}},
      {"Connect.password", {{TooLong()}, {any, Quote(""), longest, Quote("a\\u0000b")}}},
      {"UserProperty.key", {no_text, {any, Quote(""), longest}}},
      {"UserProperty.value", {no_text, {any, Quote(""), longest}}},
      {"Will.topic",
       {{Required(Quote("")), TooLong(), Zero(), Wildcard("a/#"), Wildcard("+")}, {any, longest}}},
      {"Will.message", {{TooLong()}, {any, Quote(""), longest, Quote("a\\u0000b")}}},
      {"Group.subscribe",
       {{TooLong(), Zero(), NoFilter("a#"), NoFilter("a/#/b"), NoFilter("a/b+")},
        {Quote(""), Quote("#"), Quote("+/+/#"), Quote("+"), Quote("/+"), longest}}},
      {"Publish.topic",
       {{TooLong(), Zero(), Wildcard("#"), Wildcard("a/+")}, {any, Quote(""), longest}}},
      {"Fault.name", {{}, any_or_none}},
      {"Selector.groups", {{Misspelt("fleed"), Misspelt("")}, {Quote("fleet")}}},
      {"Selector.region", {{Misspelt("nord")}, {Quote("north"), Quote("")}}},
      {"Broker.profile", {no_profile, {Quote(""), Quote("mosquitto 2.0.22")}}},
      {"Watcher.name", {no_name, {any}}},
      {"Watcher.filter",
       {{NoFilter("a#"), NoFilter("a/#/b"), NoFilter("+b")},
        {Quote(""), Quote("#"), Quote("+/+/#")}}},
      {"Expectation.metric",
       {{Required(Quote("")), Misspelt("detection"), Misspelt("detection.broker.p98_s")},
        {Quote("connected_share_at_end")}}},
      {"Expectation.group", {{Misspelt("fleed")}, {Quote(""), Quote("fleet")}}},
      {"Expectation.why", {{}, any_or_none}},
      {"ClientProfileRow.name", {no_name, {any}}},
      {"ClientProfileRow.base", {no_profile, {Quote(""), Quote("paho-c")}}},
      {"BrokerProfileRow.name", {no_name, {any}}},
      {"BrokerProfileRow.base", {no_profile, {Quote(""), Quote("emqx")}}},
  };
  return *kRules;
}

// As messages write a number.
std::string NumberText(double v) {
  char text[32];
  const bool plain = v == 0 || (std::fabs(v) >= 1e-4 && std::fabs(v) < 1e15);
  return std::string(text, plain ? std::to_chars(text, text + 32, v, std::chars_format::fixed).ptr
                                 : std::to_chars(text, text + 32, v).ptr);
}

// The number or duration of one end of a range; nothing if it names another field.
std::optional<double> NumberOf(const std::string& end) {
  double v;
  if (!absl::SimpleAtod(end, &v)) return std::nullopt;
  return v;
}
std::optional<Duration> DurationOf(const std::string& end) {
  if (end[0] != '"') return std::nullopt;
  return ParseDuration(end.substr(1, end.size() - 2), /*allow_negative=*/true).value();
}

bool Says(const std::string& comment, const char* words) {
  return absl::StrContains(comment, words);
}

// A field that has no default: 0 or empty is refused.
bool IsRequired(const FieldDescriptor& f, const std::string& comment) {
  return Says(comment, "Required") || f.real_containing_oneof() != nullptr;
}

class Lister {
 public:
  Lister(const FieldDescriptor& field, std::string comment, std::optional<FieldRange> range,
         ScenarioFormat format)
      : field_(field),
        comment_(std::move(comment)),
        range_(std::move(range)),
        json_(format == ScenarioFormat::kJson) {}

  std::vector<BadValue> Bad() {
    WrongTypes();
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (!json_) Add("\"\\xff\"", {"is not UTF-8"});
        if (range_.has_value()) {
          BadDurations();
        } else {
          for (const BadValue& b : TextRules().at(NameOf(field_)).bad) bad_.push_back(b);
        }
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        BadNumbers();
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        BadCounts();
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        Add("99", {"99 is not a value of", field_.enum_type()->value(1)->name()});
        if (IsRequired(field_, comment_)) Add("0", {"is required"});
        break;
      default:
        break;
    }
    return std::move(bad_);
  }

  std::vector<std::string> Good() const {
    std::vector<std::string> good;
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (!range_.has_value()) return TextRules().at(NameOf(field_)).good;
        if (DurationOf(range_->low).has_value()) good.push_back(range_->low);
        good.push_back(range_->high);
        if (!IsRequired(field_, comment_) && !field_.is_repeated()) good.push_back("\"\"");
        if (Says(comment_, "\"forever\"")) good.push_back("\"forever\"");
        return good;
      case FieldDescriptor::CPPTYPE_BOOL:
        return {"true", "false"};
      case FieldDescriptor::CPPTYPE_UINT64:
        return {"0", "1", "18446744073709551615"};
      case FieldDescriptor::CPPTYPE_ENUM:
        for (int i = 0; i < field_.enum_type()->value_count(); ++i) {
          if (i == 0 && IsRequired(field_, comment_)) continue;
          good.push_back(absl::StrCat(field_.enum_type()->value(i)->number()));
        }
        return good;
      default:
        if (!range_.has_value()) return {"0", "-1.5", "1e+300"};  // any finite number
        if (NumberOf(range_->low).has_value()) good.push_back(range_->low);
        good.push_back(range_->high);
        if (!IsRequired(field_, comment_) && !field_.has_presence()) good.push_back("0");
        return good;
    }
  }

 private:
  void Add(const std::string& value, std::vector<std::string> says) {
    bad_.push_back({value, std::move(says)});
  }

  // Values of other types, in words of the file's format.
  void WrongTypes() {
    const auto wrong = [&](const std::string& wanted, const std::vector<std::string>& values) {
      for (const std::string& v : values) Add(v, {wanted, v});
      Add("{ }", {wanted});
      if (json_) Add("[ ]", {wanted});
    };
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return wrong("expected a text in quotes", {"5", "true", "-1.5"});
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return json_ ? wrong("expected a number", {"\"many\"", "true", "\"\""})
                     : wrong("expected a number", {"\"5\"", "many"});
      case FieldDescriptor::CPPTYPE_UINT32:
        return wrong("expected a whole number in [0, 4294967295]",
                     {"\"many\"", "1.5", "-1", "4294967296", "99999999999999999999999"});
      case FieldDescriptor::CPPTYPE_UINT64:
        return wrong("expected a whole number in [0, 18446744073709551615]",
                     {"\"many\"", "1.5", "-1", "18446744073709551616"});
      case FieldDescriptor::CPPTYPE_BOOL:
        return json_ ? wrong("expected true or false", {"\"maybe\"", "2", "-1"})
                     : wrong("expected true or false", {"\"true\"", "maybe", "2", "-1", "1.5"});
      case FieldDescriptor::CPPTYPE_ENUM:
        return wrong(field_.enum_type()->value(1)->name(),
                     json_ ? std::vector<std::string>{"\"NOPE\"", "true", "1.5", "\"a b\""}
                           : std::vector<std::string>{"NOPE", "\"NOPE\"", "1.5"});
      default:
        return;
    }
  }

  std::string OutOfRange(const std::string& shown) const {
    return absl::StrCat(shown, " is out of range ", range_->Text().value_or(""));
  }

  void BadDurations() {
    for (const char* text : {"\"soon\"", "\"5\"", "\"5 s\"", "\"1e9s\"", "\"1s1s\"", "\"0.1ns\""}) {
      Add(text, {text, "is not a duration", "such as \"90s\""});
    }
    const std::optional<Duration> low = DurationOf(range_->low);
    const std::string below = low.has_value() ? FormatDuration(*low - Nanoseconds(1)) : "1ns";
    const std::string above = FormatDuration(*DurationOf(range_->high) + Nanoseconds(1));
    for (const std::string& text : {below, above, std::string("99999999999999999999999d")}) {
      Add(Quote(text), {OutOfRange(Quote(text))});
    }
    if (Says(comment_, "in whole seconds")) {
      Add("\"1.5s\"", {"\"1.5s\" is not in whole seconds"});
    }
    if (field_.is_repeated()) {
      Add("\"\"", {"is not a duration: it is empty"});
    } else if (IsRequired(field_, comment_)) {
      Add("\"\"", {"is required"});
    }
  }

  void BadNumbers() {
    const std::vector<std::string> none =
        json_ ? std::vector<std::string>{"\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "1e999"}
              : std::vector<std::string>{"nan", "inf", "-inf", "1e999"};
    const std::vector<std::string> shown = {"nan", "inf", "-inf", "inf"};
    for (size_t i = 0; i < none.size(); ++i) {
      if (json_ && none[i] == "1e999") {
        Add(none[i], {"the number is too large"});
        continue;
      }
      Add(none[i], {range_.has_value() ? OutOfRange(shown[i]) : shown[i] + " is not a finite"});
    }
    if (!range_.has_value()) return;
    const double low = *NumberOf(range_->low);
    const double high = *NumberOf(range_->high);
    std::vector<double> out = {low - 1, high * (1 + 1e-9), high * 2};
    if (low > 0) out.push_back(low / 2);
    for (const double v : out) Add(NumberText(v), {OutOfRange(NumberText(v))});
    if (Says(comment_, "three decimals")) Add("1.0005", {"1.0005 has more than three decimals"});
    if (low > 0 && !field_.has_presence()) Add("0", {"is required"});
  }

  void BadCounts() {
    const std::optional<double> low = NumberOf(range_->low);
    std::vector<double> out;
    if (*NumberOf(range_->high) < 4294967295) out = {*NumberOf(range_->high) + 1, 4294967295};
    if (!low.has_value()) out.push_back(0);
    if (low.has_value() && (*low > 1 || (*low == 1 && field_.has_presence()))) {
      out.push_back(*low - 1);
    }
    for (const double v : out) {
      const std::string text = absl::StrCat(static_cast<int64_t>(v));
      Add(text, {OutOfRange(text)});
    }
    if (Says(comment_, "Required")) Add("0", {"is required"});
  }

  const FieldDescriptor& field_;
  const std::string comment_;
  const std::optional<FieldRange> range_;
  const bool json_;
  std::vector<BadValue> bad_;
};

void AddNames(const Descriptor* type, std::vector<std::string>* names) {
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->message_type() == nullptr) names->push_back(NameOf(*type->field(i)));
  }
  for (int i = 0; i < type->nested_type_count(); ++i) AddNames(type->nested_type(i), names);
}

}  // namespace

std::string NameOf(const FieldDescriptor& field) {
  return absl::StrCat(field.containing_type()->name(), ".", field.name());
}

std::optional<std::string> FieldRange::Text() const {
  if (of_durations()) {
    if (!DurationOf(low).has_value()) return std::nullopt;
    return absl::StrCat("[", low, ", ", high, "]");
  }
  if (!NumberOf(low).has_value()) return std::nullopt;
  return absl::StrCat("[", NumberText(*NumberOf(low)), ", ", NumberText(*NumberOf(high)), "]");
}

std::unique_ptr<FieldValues> FieldValues::Read(const std::string& descriptors) {
  std::ifstream file(descriptors, std::ios::binary);
  google::protobuf::FileDescriptorSet files;
  if (!file || !files.ParseFromIstream(&file)) return nullptr;
  std::unique_ptr<FieldValues> values(new FieldValues);
  for (const auto& f : files.file()) values->pool_.BuildFile(f);
  return values;
}

std::vector<std::string> FieldValues::Names() const {
  std::vector<std::string> names;
  const auto* file = pool_.FindFileByName("sim/scenario/scenario.proto");
  for (int i = 0; i < file->message_type_count(); ++i) AddNames(file->message_type(i), &names);
  return names;
}

std::string FieldValues::Comment(const FieldDescriptor& field) const {
  google::protobuf::SourceLocation at;
  pool_.FindFieldByName(field.full_name())->GetSourceLocation(&at);
  return std::regex_replace(at.leading_comments + at.trailing_comments, std::regex("\\s+"), " ");
}

std::optional<FieldRange> FieldValues::Range(const FieldDescriptor& field) const {
  static const std::regex kRange(R"re([Rr]ange (?:of each )?\[([^\],]+), ([^\],]+)\])re");
  std::smatch match;
  const std::string comment = Comment(field);
  if (!std::regex_search(comment, match, kRange)) return std::nullopt;
  return FieldRange{match[1], match[2]};
}

std::vector<BadValue> FieldValues::Bad(const FieldDescriptor& field, ScenarioFormat format) const {
  return Lister(field, Comment(field), Range(field), format).Bad();
}

std::vector<std::string> FieldValues::Good(const FieldDescriptor& field) const {
  return Lister(field, Comment(field), Range(field), ScenarioFormat::kText).Good();
}

}  // namespace keepsim
