// keepsim profiles: the behaviours that a scenario can name; with a name, what one does in words.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/base/spelling.h"
#include "sim/mqtt/profile.h"
#include "tools/command.h"
#include "tools/profile_words.h"

namespace keepsim {
namespace {

template <typename Profile>
std::string FullName(const Profile& p) {
  return p.version.empty() ? p.name : absl::StrCat(p.name, " ", p.version);
}

template <typename Profile>
void List(const char* title, const std::vector<Profile>& rows) {
  std::printf("%s\n", title);
  for (const Profile& p : rows) {
    std::printf("  %s\n      %s\n      %s\n      source: %s\n", FullName(p).c_str(),
                p.summary.c_str(), InBrief(p).c_str(), p.source.c_str());
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
    std::printf("  %s: %s\n%s", FullName(p).c_str(), p.summary.c_str(), InWords(p).c_str());
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
  const size_t space = wanted.find(' ');
  const std::string name = wanted.substr(0, space);
  const std::string version = space == std::string::npos ? "" : wanted.substr(space + 1);
  const auto* client = version.empty() ? nullptr : FindClientProfile(name, version);
  const auto* broker = version.empty() ? nullptr : FindBrokerProfile(name, version);
  const int n = Explain(kClients, ClientProfiles(), wanted, client) +
                Explain(kBrokers, BrokerProfiles(), wanted, broker);
  if (n > 0) return kExitOk;
  std::vector<std::string> names;
  for (const ClientProfile& p : ClientProfiles()) names.push_back(FullName(p));
  for (const BrokerProfile& p : BrokerProfiles()) names.push_back(FullName(p));
  for (const ClientProfile& p : ClientProfiles()) names.push_back(p.name);
  for (const BrokerProfile& p : BrokerProfiles()) names.push_back(p.name);
  return Fail("there is no profile \"" + wanted + "\"" + DidYouMean(wanted, names));
}

}  // namespace keepsim
