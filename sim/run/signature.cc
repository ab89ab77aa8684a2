#include "sim/run/signature.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sim/base/spelling.h"

namespace keepsim {
namespace {

std::vector<std::string> FirstWords() {
  return {VerdictName(Verdict::kFalse), VerdictName(Verdict::kTransient),
          VerdictName(Verdict::kTrue), kExpectationSignature, kInvariantSignature};
}

std::vector<std::string> CauseWords() {
  std::vector<std::string> words;
  for (int c = 0; c < kCauses; ++c) words.push_back(CauseName(static_cast<Cause>(c)));
  return words;
}

std::vector<std::string> ObserverWords() {
  return {ObserverName(Observer::kBroker), ObserverName(Observer::kClient)};
}

std::vector<std::string> FailureWords() {
  std::vector<std::string> words;
  for (int f = 1; f < kFailureKinds; ++f) {
    words.push_back(FailureKindName(static_cast<FailureKind>(f)));
  }
  return words;
}

}  // namespace

std::string SignatureOf(const Incident& incident) {
  std::string text = absl::StrCat(VerdictName(incident.verdict), "/", CauseName(incident.cause),
                                  "/", ObserverName(incident.observer));
  if (incident.failure != FailureKind::kNone) {
    absl::StrAppend(&text, "/", FailureKindName(incident.failure));
  }
  return text;
}

std::string ExpectationSignature(absl::string_view metric, absl::string_view group) {
  return absl::StrCat(kExpectationSignature, "/", metric, group.empty() ? "" : "/", group);
}

std::string InvariantSignature(absl::string_view rule) {
  return absl::StrCat(kInvariantSignature, "/", rule);
}

bool SignatureMatches(absl::string_view pattern, absl::string_view signature) {
  const std::vector<absl::string_view> wanted = absl::StrSplit(pattern, '/');
  const std::vector<absl::string_view> there = absl::StrSplit(signature, '/');
  if (wanted.size() > there.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != "*" && wanted[i] != there[i]) return false;
  }
  return true;
}

absl::Status CheckSignaturePattern(absl::string_view pattern) {
  const std::vector<std::string> parts = absl::StrSplit(pattern, '/');
  const auto check = [&](size_t i, const std::vector<std::string>& words) {
    if (i >= parts.size() || parts[i] == "*") return absl::OkStatus();
    if (std::find(words.begin(), words.end(), parts[i]) != words.end()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("\"", pattern, "\": \"", parts[i],
                                                   "\" is none of ", absl::StrJoin(words, ", "),
                                                   DidYouMean(parts[i], words)));
  };
  if (absl::Status s = check(0, FirstWords()); !s.ok()) return s;
  if (parts[0] == kExpectationSignature || parts[0] == kInvariantSignature) {
    return absl::OkStatus();
  }
  if (absl::Status s = check(1, CauseWords()); !s.ok()) return s;
  if (absl::Status s = check(2, ObserverWords()); !s.ok()) return s;
  if (absl::Status s = check(3, FailureWords()); !s.ok()) return s;
  if (parts.size() > 4) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", pattern, "\" has more parts than VERDICT/CAUSE/OBSERVER/FAILURE"));
  }
  return absl::OkStatus();
}

}  // namespace keepsim
