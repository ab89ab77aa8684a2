// keepsim profiles: the behaviours that a scenario can name.
#include <cstdio>

#include "sim/base/spelling.h"
#include "sim/mqtt/profile.h"
#include "tools/command.h"

namespace keepsim {
namespace {

template <typename Profile>
int Print(const char* title, const std::vector<Profile>& rows, const std::string& only) {
  int printed = 0;
  for (const Profile& p : rows) {
    if (!only.empty() && p.name != only) continue;
    if (printed++ == 0) std::printf("%s\n", title);
    std::printf("  %s%s%s\n      %s\n      source: %s\n", p.name.c_str(),
                p.version.empty() ? "" : " ", p.version.c_str(), p.summary.c_str(),
                p.source.c_str());
  }
  return printed;
}

}  // namespace

int ProfilesCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {}, {})) return kExitBadInput;
  const std::string only = a.positional().empty() ? "" : a.positional()[0];
  const int n = Print("Clients (groups.client)", ClientProfiles(), only) +
                Print("Brokers (broker.profile)", BrokerProfiles(), only);
  if (n > 0) return kExitOk;
  std::vector<std::string> names;
  for (const ClientProfile& p : ClientProfiles()) names.push_back(p.name);
  for (const BrokerProfile& p : BrokerProfiles()) names.push_back(p.name);
  return Fail("there is no profile \"" + only + "\"" + DidYouMean(only, names));
}

}  // namespace keepsim
