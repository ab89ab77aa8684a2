// keepsim profiles: the behaviours that a scenario can name; with a name, what one does in words.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/mqtt/profile.h"
#include "sim/mqtt/profile_name.h"
#include "tools/command.h"
#include "tools/profile_words.h"

namespace keepsim {
namespace {

// "emqx 5.3 (5.0.26 to 5.7.1)"
template <typename Profile>
std::string Title(const Profile& p) {
  const std::string range = RangeWords(p.stands_for);
  return range.empty() ? FullName(p) : absl::StrCat(FullName(p), " (", range, ")");
}

template <typename Profile>
void List(const char* title, const std::vector<Profile>& rows) {
  std::printf("%s\n", title);
  for (const Profile& p : rows) {
    std::printf("  %s\n      %s\n      %s\n      source: %s\n", Title(p).c_str(), p.summary.c_str(),
                InBrief(p).c_str(), p.source.c_str());
  }
}

// Every version of a name, or the one that "name version" selects.
template <typename Profile>
int Explain(const char* title, const std::vector<Profile>& rows, const std::string& name,
            const Profile* selected) {
  int printed = 0;
  for (const Profile& p : rows) {
    if (&p != selected && p.name != name) continue;
    if (printed++ == 0) std::printf("%s\n", title);
    std::printf("  %s: %s\n%s", Title(p).c_str(), p.summary.c_str(), InWords(p).c_str());
  }
  return printed;
}

}  // namespace

int ProfilesCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {}, {})) return kExitBadInput;
  constexpr char kClients[] = "Clients (groups.client)";
  constexpr char kBrokers[] = "Brokers (broker.profile)";
  const std::string wanted = absl::StrJoin(a.positional(), " ");
  if (wanted.empty()) {
    List(kClients, ClientProfiles());
    List(kBrokers, BrokerProfiles());
    return kExitOk;
  }
  const auto [name, version] = NameAndVersion(wanted);
  const auto* client = version.empty() ? nullptr : FindClientProfile(name, version);
  const auto* broker = version.empty() ? nullptr : FindBrokerProfile(name, version);
  const int n = Explain(kClients, ClientProfiles(), wanted, client) +
                Explain(kBrokers, BrokerProfiles(), wanted, broker);
  if (n > 0) return kExitOk;
  std::vector<ProfileLabel> labels;
  AddLabels(ClientProfiles(), labels);
  AddLabels(BrokerProfiles(), labels);
  return Fail("there is no profile \"" + wanted + "\"" + ProfileSuggestion(wanted, labels));
}

}  // namespace keepsim
