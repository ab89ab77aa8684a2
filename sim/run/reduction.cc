#include "sim/run/reduction.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/base/duration_text.h"

namespace keepsim {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Of the scenario itself: these say nothing of what happens, or are seen to elsewhere.
bool IsLeftOut(const FieldDescriptor* field) {
  static const std::set<std::string>* const kFields = new std::set<std::string>{
      "keepsim.pb.Scenario.name",        "keepsim.pb.Scenario.question",
      "keepsim.pb.Scenario.reading",     "keepsim.pb.Scenario.seed",
      "keepsim.pb.Scenario.horizon",     "keepsim.pb.Scenario.expectations",
      "keepsim.pb.Group.name",           "keepsim.pb.Group.count",
      "keepsim.pb.Watcher.name",         "keepsim.pb.ClientProfileRow.name",
      "keepsim.pb.BrokerProfileRow.name"};
  return kFields->count(field->full_name()) > 0;
}

void Walk(const Message& m, const Site& at, std::vector<Site>& sites) {
  const Reflection* r = m.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  r->ListFields(m, &fields);  // in the order of their numbers
  for (const FieldDescriptor* field : fields) {
    if (IsLeftOut(field)) continue;
    const int n = field->is_repeated() ? r->FieldSize(m, field) : 1;
    for (int i = 0; i < n; ++i) {
      Site site = at;
      const int index = field->is_repeated() ? i : -1;
      site.steps.push_back({field, index});
      absl::StrAppend(&site.path, site.path.empty() ? "" : ".", field->name());
      if (index >= 0) absl::StrAppend(&site.path, "[", index, "]");
      sites.push_back(site);
      if (field->message_type() == nullptr) continue;
      Walk(field->is_repeated() ? r->GetRepeatedMessage(m, field, i) : r->GetMessage(m, field),
           site, sites);
    }
  }
}

// Where a field holds a text, it is a duration unless it is one of these.
bool IsDuration(const FieldDescriptor* field) {
  static const std::set<std::string>* const kTexts = new std::set<std::string>{
      "name",     "client",  "region", "topic",     "client_id", "user_name",
      "password", "message", "filter", "groups",    "key",       "value",
      "base",     "profile", "metric", "subscribe", "why",       "group"};
  return field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && kTexts->count(field->name()) == 0;
}

constexpr int64_t kUnits[] = {
    86400LL * 1000000000, 3600LL * 1000000000, 60LL * 1000000000, 1000000000, 1000000, 1000, 1};

// `v` to `digits` digits that count, down and up.
std::pair<int64_t, int64_t> Rounded(int64_t v, int digits) {
  int64_t unit = 1;
  for (int64_t rest = v; rest >= 10; rest /= 10) unit *= 10;
  for (int i = 1; i < digits && unit > 1; ++i) unit /= 10;
  const int64_t down = v / unit * unit;
  return {down, down == v ? v : down + unit};
}

std::vector<std::string> Ordered(std::vector<std::pair<double, std::string>> values,
                                 const std::string& than) {
  // By digits, then by how near they are.
  std::stable_sort(values.begin(), values.end(), [](const auto& a, const auto& b) {
    const uint64_t x = DigitsOf(a.second), y = DigitsOf(b.second);
    return x != y ? x < y : a.first < b.first;
  });
  std::vector<std::string> texts;
  for (const auto& [distance, text] : values) {
    if (DigitsOf(text) >= DigitsOf(than)) continue;
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  return texts;
}

std::vector<std::string> RounderDurations(const std::string& text) {
  const auto parsed = ParseDuration(text, true);
  if (!parsed.ok()) return {};
  const bool negative = parsed->ns < 0;
  const int64_t ns = negative ? -parsed->ns : parsed->ns;
  std::vector<std::pair<double, std::string>> values;
  for (const int64_t unit : kUnits) {
    if (ns < unit) continue;
    for (int digits = 1; digits <= 3; ++digits) {
      const auto [down, up] = Rounded(ns / unit, digits);
      for (const int64_t v : {down, up, ns / unit, ns / unit + 1}) {
        const Duration d{negative ? -v * unit : v * unit};
        // The same length in other words is no rounder.
        if (v <= 0 || d == *parsed || d > kLongestDuration || -d > kLongestDuration) continue;
        values.emplace_back(ToSeconds(Duration{std::abs(d.ns - parsed->ns)}), FormatDuration(d));
      }
    }
  }
  return Ordered(std::move(values), text);
}

std::vector<std::string> RounderNumbers(double x, const std::string& text, bool whole) {
  std::vector<std::pair<double, std::string>> values;
  for (int digits = 1; digits <= 3; ++digits) {
    const std::string rounded = absl::StrFormat("%.*g", digits, x);
    double v = 0;
    if (!absl::SimpleAtod(rounded, &v)) continue;
    if (whole && (v < 0 || v != static_cast<double>(static_cast<int64_t>(v)))) continue;
    values.emplace_back(v > x ? v - x : x - v,
                        whole ? absl::StrCat(static_cast<int64_t>(v)) : absl::StrFormat("%.9g", v));
  }
  return Ordered(std::move(values), text);
}

}  // namespace

std::vector<Site> SitesOf(const pb::Scenario& scenario) {
  std::vector<Site> sites;
  Walk(scenario, {}, sites);
  return sites;
}

Message* ParentOf(pb::Scenario* scenario, const Site& site) {
  Message* m = scenario;
  for (size_t i = 0; i + 1 < site.steps.size(); ++i) {
    const Site::Step& s = site.steps[i];
    const Reflection* r = m->GetReflection();
    m = s.index < 0 ? r->MutableMessage(m, s.field)
                    : r->MutableRepeatedMessage(m, s.field, s.index);
  }
  return m;
}

void TakeAway(pb::Scenario* scenario, const Site& site) {
  Message* m = ParentOf(scenario, site);
  const Reflection* r = m->GetReflection();
  if (site.index() < 0) return r->ClearField(m, site.field());
  for (int i = site.index(); i + 1 < r->FieldSize(*m, site.field()); ++i) {
    r->SwapElements(m, site.field(), i, i + 1);
  }
  r->RemoveLast(m, site.field());
}

std::string ValueText(const pb::Scenario& scenario, const Site& site) {
  pb::Scenario* whole = const_cast<pb::Scenario*>(&scenario);  // every step is there already
  const Message& m = *ParentOf(whole, site);
  const Reflection* r = m.GetReflection();
  const FieldDescriptor* f = site.field();
  const int i = site.index();
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrFormat("%.15g", i < 0 ? r->GetDouble(m, f) : r->GetRepeatedDouble(m, f, i));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(i < 0 ? r->GetUInt32(m, f) : r->GetRepeatedUInt32(m, f, i));
    case FieldDescriptor::CPPTYPE_STRING:
      if (!IsDuration(f)) return "";
      return i < 0 ? r->GetString(m, f) : r->GetRepeatedString(m, f, i);
    default:
      return "";
  }
}

void SetValue(pb::Scenario* scenario, const Site& site, const std::string& text) {
  Message* m = ParentOf(scenario, site);
  const Reflection* r = m->GetReflection();
  const FieldDescriptor* f = site.field();
  const int i = site.index();
  if (f->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    i < 0 ? r->SetString(m, f, text) : r->SetRepeatedString(m, f, i, text);
  } else if (f->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    double v = 0;
    if (!absl::SimpleAtod(text, &v)) return;
    i < 0 ? r->SetDouble(m, f, v) : r->SetRepeatedDouble(m, f, i, v);
  } else if (f->cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
    uint32_t v = 0;
    if (!absl::SimpleAtoi(text, &v)) return;
    i < 0 ? r->SetUInt32(m, f, v) : r->SetRepeatedUInt32(m, f, i, v);
  }
}

std::vector<std::string> RounderValues(const pb::Scenario& scenario, const Site& site) {
  const std::string text = ValueText(scenario, site);
  if (text.empty()) return {};
  if (site.field()->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return RounderDurations(text);
  double x = 0;
  if (!absl::SimpleAtod(text, &x)) return {};
  return RounderNumbers(x, text, site.field()->cpp_type() == FieldDescriptor::CPPTYPE_UINT32);
}

uint64_t DigitsOf(const std::string& text) {
  uint64_t digits = 0;
  for (size_t i = 0; i < text.size();) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) {
      ++i;
      continue;
    }
    std::string number;  // without its point
    while (i < text.size() &&
           (std::isdigit(static_cast<unsigned char>(text[i])) != 0 || text[i] == '.')) {
      if (text[i] != '.') number += text[i];
      ++i;
    }
    const size_t first = number.find_first_not_of('0');
    digits += first == std::string::npos ? 1 : number.find_last_not_of('0') - first + 1;
  }
  return digits;
}

std::vector<Duration> RoundUp(Duration d, Duration most) {
  std::vector<std::pair<uint64_t, Duration>> found;
  for (const int64_t unit : kUnits) {
    const int64_t v = d.ns / unit + (d.ns % unit > 0 ? 1 : 0);
    for (int digits = 1; digits <= 3; ++digits) {
      const Duration up{Rounded(v, digits).second * unit};
      if (up >= d && up <= most) found.emplace_back(DigitsOf(FormatDuration(up)), up);
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<Duration> all;
  for (const auto& [digits, up] : found) {
    if (std::find(all.begin(), all.end(), up) == all.end()) all.push_back(up);
  }
  return all;
}

}  // namespace keepsim
