#include "sim/world/cell_image.h"

#include <algorithm>

#include "sim/world/cell.h"
#include "sim/world/luck_purpose.h"

namespace keepsim {
namespace {

// Places beyond those that the image knows of are taken after the ones that it has free, in their
// order, as if they were added only then.
std::vector<uint32_t> FreePlaces(const std::vector<uint32_t>& free, uint32_t known,
                                 uint32_t places) {
  std::vector<uint32_t> all;
  all.reserve(free.size() + places - known);
  for (uint32_t i = places; i > known; --i) all.push_back(i - 1);
  all.insert(all.end(), free.begin(), free.end());
  return all;
}

// The largest u whose sample is at most `age`. REQUIRES: there is one.
uint64_t LastUpTo(const QuantileTable& law, Duration age) {
  uint64_t low = 0, high = ~uint64_t{0};
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2 + 1;
    if (law.Sample(middle) <= age) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// A sample of the law, given that it is longer than `age`.
Duration SampleBeyond(const QuantileTable& law, Duration age, uint64_t u) {
  if (law.Sample(0) > age) return law.Sample(u);
  const uint64_t first = LastUpTo(law, age) + 1;
  const uint64_t span = ~first;  // how many there are behind `first`
  const auto step = static_cast<uint64_t>(
      (static_cast<unsigned __int128>(u) * (static_cast<unsigned __int128>(span) + 1)) >> 64);
  return law.Sample(first + step);
}

// Then a flight's latency is not of its path's law alone.
bool AddsLatency(const Plan& plan) {
  return std::any_of(plan.faults.begin(), plan.faults.end(), [](const ScheduledFault& f) {
    return f.action == ScheduledFault::Action::kDegrade && f.degrade.extra_latency.ns > 0;
  });
}

}  // namespace

void Cell::Save(Instant at, Image* image) const {
  SIM_CHECK(simulator_.now() <= at && at < simulator_.next_at() && records_.empty());
  image->at = at;
  image->now = simulator_.now();
  image->pending.clear();
  simulator_.pending().ForEach([&](const Event& e) { image->pending.push_back(e); });
  std::sort(image->pending.begin(), image->pending.end(), Before);
  image->first_entity = first_entity_;
  image->hosts = hosts_;
  image->identities = identities_;
  image->identity_owner = identity_owner_;
  image->connection_places = connections_.size();
  image->connections.clear();
  for (uint32_t i = 0; i < connections_.size(); ++i) {
    if (connections_[i].used) image->connections.emplace_back(i, connections_[i]);
  }
  image->free_connections = free_connections_;
  image->flight_places = flights_.size();
  image->flights.clear();
  for (uint32_t i = 0; i < flights_.size(); ++i) {
    if (flights_[i].pending) image->flights.emplace_back(i, flights_[i]);
  }
  image->free_flights = free_flights_;
  image->told_tcp = told_tcp_;
  image->broker_event_counter = broker_event_counter_;
  image->broker_down = broker_down_;
  image->broker_dark = broker_dark_;
  image->broker_stalled = broker_stalled_;
  image->accept_per_second = accept_per_second_;
  image->limits = limits_;
  image->queues = *queues_;
  image->work = work_;
  image->wills = wills_;
  image->free_wills = free_wills_;
  image->generation = generation_;
  image->events = events_;
}

void Cell::GoOn(const Image& image, const RecordSink& sink) {
  TakeUp(image, sink);
  simulator_.GoOn(image.now, image.pending);
}

void Cell::GoOn(const Image& image, const RecordSink& sink, uint64_t luck_key) {
  TakeUp(image, sink);
  SIM_CHECK(hosts_.size() == 1);
  ChangeLuck(image.at, luck_key);
  std::vector<Event> pending = image.pending;
  for (size_t i = 0; i < pending.size(); ++i) pending[i].at = RestOf(pending[i], image.at, i);
  simulator_.GoOn(image.now, pending);
}

// All but what is pending.
void Cell::TakeUp(const Image& image, const RecordSink& sink) {
  sink_ = &sink;
  simulator_.Reset(static_cast<TieMode>(plan_.ties));
  first_entity_ = image.first_entity;
  hosts_ = image.hosts;
  identities_ = image.identities;
  identity_owner_ = image.identity_owner;
  while (connections_.size() < image.connection_places) connections_.Add();
  for (uint32_t i = 0; i < connections_.size(); ++i) connections_[i].used = false;
  for (const auto& [place, connection] : image.connections) connections_[place] = connection;
  free_connections_ =
      FreePlaces(image.free_connections, image.connection_places, connections_.size());
  while (flights_.size() < image.flight_places) flights_.Add();
  for (uint32_t i = 0; i < flights_.size(); ++i) flights_[i].pending = false;
  for (const auto& [place, flight] : image.flights) flights_[place] = flight;
  free_flights_ = FreePlaces(image.free_flights, image.flight_places, flights_.size());
  records_.clear();
  flush_at_ = kFlushAt;
  told_tcp_ = image.told_tcp;
  broker_event_counter_ = image.broker_event_counter;
  broker_down_ = image.broker_down;
  broker_dark_ = image.broker_dark;
  broker_stalled_ = image.broker_stalled;
  accept_per_second_ = image.accept_per_second;
  limits_ = image.limits;
  *queues_ = image.queues;
  work_ = image.work;
  wills_ = image.wills;
  free_wills_ = image.free_wills;
  generation_ = image.generation;
  events_ = image.events;
  skips_ = false;
  common_->draws.Clear();
}

// From `at` on every draw comes from another key. What has been drawn and has not shown stays as it
// is, unless its law given what has shown is known: then the rest of it is drawn anew too, so that
// those who go on from one image differ as much as they can.
void Cell::ChangeLuck(Instant at, uint64_t key) {
  Host& host = hosts_[0];
  if (host.loop_draws != host.kept_loop_draw) {
    host.kept_loop_draw = host.loop_draws;
    host.kept_luck = host.luck;
  }
  host.luck = RandomSource(key, host.index);
  for (int d = 0; d < 2; ++d) {
    host.path[d].ahead_of = ~uint64_t{0};
    BurstState& s = host.path[d].burst;
    const BurstLoss& burst = (d == kUp ? host.group->up : host.group->down).burst;
    if (!burst.enabled || s.until <= at) continue;
    // Exponential: what is left of it is distributed as the whole.
    const QuantileTable& law = s.bad ? burst.bad_sojourn : burst.good_sojourn;
    const uint64_t u = host.luck.Draw64(kResidualDraw, static_cast<uint64_t>(d));
    s.until = at + std::max(law.Sample(u), Nanoseconds(1));
  }
}

// When a transmission arrives that had not arrived at `at`; other events stay where they are.
Instant Cell::RestOf(const Event& event, Instant at, uint64_t number) const {
  if (static_cast<Kind>(event.kind()) != Kind::kArrival) return event.at;
  const Flight& flight = flights_[event.index()];
  const Host& host = hosts_[0];
  const DirectionSpec& path = flight.direction == kUp ? host.group->up : host.group->down;
  // On a path that keeps its order an arrival may be put off by an earlier one.
  if (path.keep_order || path.latency.is_constant() || AddsLatency(plan_)) return event.at;
  const uint64_t u = host.luck.Draw64(kResidualDraw, 2 + number);
  return flight.sent + SampleBeyond(path.latency, at - flight.sent, u);
}

}  // namespace keepsim
