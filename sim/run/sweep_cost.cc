#include "sim/run/sweep_cost.h"

#include <algorithm>

#include "sim/base/duration_text.h"

namespace keepsim {
namespace {

// Tables of distributions, mostly: 20 ms at 80 ns per event (docs/performance.md).
constexpr double kEventsToBegin = 250000;
constexpr double kEventsPerConnection = 16;
constexpr double kEventsPerPing = 4;
constexpr double kEventsPerMessage = 6;
// Of a client whose keepAlive is its profile's: what most profiles say.
constexpr double kUsualKeepAliveS = 60;

double SecondsOf(const std::string& text, double otherwise) {
  const auto d = ParseDuration(text);
  return d.ok() && d->ns > 0 ? ToSeconds(*d) : otherwise;
}

// Times per second of something that happens every so often; 0 if it is not said how often.
double Rate(const std::string& period) {
  const double s = SecondsOf(period, 0);
  return s > 0 ? 1 / s : 0;
}

double MessagesPerSecond(const pb::Publish& p) {
  return Rate(p.periodic().period()) + Rate(p.poisson().mean_gap());
}

}  // namespace

double EventsOf(const pb::Scenario& scenario) {
  const double horizon_s = SecondsOf(scenario.horizon(), 0);
  double events = kEventsToBegin;
  for (const pb::Group& g : scenario.groups()) {
    const double clients = g.has_count() ? g.count() : 1;
    double messages = 0;
    for (const pb::Publish& p : g.publish()) messages += MessagesPerSecond(p);
    for (const pb::Publish& p : g.receive()) messages += MessagesPerSecond(p);
    // Traffic takes the place of pings only where it is more frequent.
    const double keep_alive_s = SecondsOf(g.keep_alive(), kUsualKeepAliveS);
    const double per_s = kEventsPerPing / keep_alive_s + kEventsPerMessage * messages;
    events += clients * (kEventsPerConnection + horizon_s * per_s);
  }
  return events;
}

}  // namespace keepsim
