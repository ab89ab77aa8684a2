#include "sim/live/broker_fit.h"

#include <algorithm>

#include "sim/mqtt/broker_session.h"

namespace keepsim {
namespace {

// A real broker's main loop looks at its clock this late (mosquitto waits 100 ms at most).
constexpr Duration kBrokerLoop = Milliseconds(150);
constexpr Duration kCoarse = Milliseconds(20);
constexpr Duration kFine = Milliseconds(1);

struct Distance {
  Duration mean = kForever;
  Duration largest = kForever;
};

Duration Off(const SilenceSample& sample, Duration measured, Duration predicted) {
  if (predicted >= kForever) return sample.closed ? kForever : Duration{0};
  const Duration d = measured - predicted;
  if (!sample.closed) return std::max(d, Duration{0});
  return d < Duration{0} ? -d : d;
}

Distance At(const BrokerProfile& p, const std::vector<SilenceSample>& samples, MqttVersion version,
            Duration round_trip, Duration phase) {
  Distance d = {Duration{0}, Duration{0}};
  for (const SilenceSample& s : samples) {
    const Duration off = Off(s, s.silence() - round_trip, PredictedSilence(p, version, s, phase));
    if (off >= kForever) return {};
    d.mean += off / static_cast<int64_t>(samples.size());
    d.largest = std::max(d.largest, off);
  }
  return d;
}

// A grid of the broker's own: its phase is unknown. 0: everything begins with the connection.
Duration PhasePeriod(const BrokerProfile& p, Duration keep_alive) {
  if (p.mechanism == CheckMechanism::kScan) {
    return std::max(p.period.Of(keep_alive), Milliseconds(1));
  }
  return p.whole_seconds ? Seconds(1) : Duration{0};
}

Distance Best(const BrokerProfile& p, const std::vector<SilenceSample>& samples,
              MqttVersion version, Duration round_trip) {
  const Duration period = PhasePeriod(p, Seconds(samples.front().keep_alive_s));
  Distance best;
  Duration at{0};
  const auto look = [&](Duration phase) {
    const Distance d = At(p, samples, version, round_trip, phase);
    if (d.mean < best.mean) best = d, at = phase;
  };
  for (Duration phase{0}; phase < period || phase.ns == 0; phase += kCoarse) look(phase);
  if (period.ns == 0) return best;
  const Duration centre = at;
  for (Duration d = kFine; d < kCoarse; d += kFine) {
    look((centre + d) % period);
    look((centre + period - d) % period);
  }
  return best;
}

}  // namespace

Duration PredictedSilence(const BrokerProfile& p, MqttVersion version, const SilenceSample& sample,
                          Duration phase) {
  const auto at = [&](Instant t) { return t + phase; };
  PeerParams peer;
  peer.version = version;
  BrokerSession s;
  StoredSession stored;
  OnAccepted(p, s, at(sample.sent.front().at));
  for (const SentPacket& sent : sample.sent) {
    while (NextDeadline(p, s) <= at(sent.at)) {
      OnDeadline(p, peer, s, stored, NextDeadline(p, s));
      if (s.state == BrokerState::kClosed || WaitsForKillSlot(s)) return Duration{0};
    }
    Packet packet;
    packet.type = sent.type;
    packet.value = sample.keep_alive_s;
    packet.flags = Packet::kCleanStart;
    OnPacket(p, peer, s, stored, at(sent.at), packet);
    if (s.state == BrokerState::kClosed) return kForever;  // it would have been refused
  }
  const Instant last = at(sample.sent.back().at);
  for (;;) {
    const Instant next = NextDeadline(p, s);
    if (next == kNever) return kForever;
    OnDeadline(p, peer, s, stored, next);
    if (s.state == BrokerState::kClosed || WaitsForKillSlot(s)) return next - last;
  }
}

BrokerFits FitBrokers(const std::vector<SilenceSample>& samples, MqttVersion version,
                      Duration round_trip, Duration error) {
  BrokerFits out;
  out.resolution = std::max(error, Milliseconds(10));
  out.limit = kBrokerLoop + 2 * out.resolution;
  const bool any =
      std::any_of(samples.begin(), samples.end(), [](const SilenceSample& s) { return s.closed; });
  if (!any) return out;
  for (const BrokerProfile& p : BrokerProfiles()) {
    const Distance d = Best(p, samples, version, round_trip);
    if (d.mean < kForever) out.fits.push_back({&p, d.mean, d.largest});
  }
  std::stable_sort(out.fits.begin(), out.fits.end(),
                   [](const BrokerFit& a, const BrokerFit& b) { return a.distance < b.distance; });
  for (BrokerFit& f : out.fits) {
    f.as_good_as_best = f.distance <= out.fits.front().distance + out.resolution;
  }
  return out;
}

}  // namespace keepsim
