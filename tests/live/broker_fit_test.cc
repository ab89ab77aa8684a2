// The fit finds each broker's row from the times at which that row closes, says where rows cannot
// be told apart, and does not take any row for a broker that follows none.
#include "sim/live/broker_fit.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keepsim {
namespace {

using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;

constexpr Duration kRoundTrip = Milliseconds(40);
constexpr Duration kError = Milliseconds(20);

// Connections that fall silent at many phases, as the probe makes them; not closed yet.
std::vector<SilenceSample> Silences(uint16_t keep_alive_s, int count) {
  std::vector<SilenceSample> samples;
  for (int i = 0; i < count; ++i) {
    SilenceSample s;
    s.keep_alive_s = keep_alive_s;
    const Instant connect = kStart + Seconds(5) + Milliseconds(618 * i);
    s.sent.push_back({connect, PacketType::kConnect});
    const Duration after = Seconds(2 * keep_alive_s) * (i * 754877 % 1000000) / 1000000;
    for (Duration d = Seconds(keep_alive_s); d < after; d += Seconds(keep_alive_s)) {
      s.sent.push_back({connect + d, PacketType::kPingreq});
    }
    if (i % 4 != 3) {
      s.sent.push_back({connect + after + Milliseconds(1),
                        i % 4 == 1 ? PacketType::kPublish : PacketType::kPingreq});
    }
    samples.push_back(s);
  }
  return samples;
}

// The same, closed as this row closes them, seen one round trip later and up to `noise` late.
std::vector<SilenceSample> ClosedBy(const BrokerProfile& p, std::vector<SilenceSample> samples,
                                    Duration phase, Duration noise) {
  int64_t n = 0;
  for (SilenceSample& s : samples) {
    s.closed = true;
    s.ended = s.sent.back().at + PredictedSilence(p, MqttVersion::kV311, s, phase) + kRoundTrip +
              noise * (n++ % 5) / 4;
  }
  return samples;
}

std::vector<std::string> Equals(const BrokerFits& fits) {
  std::vector<std::string> names;
  for (const BrokerFit& f : fits.fits) {
    if (f.as_good_as_best) names.push_back(absl::StrCat(f.profile->name, " ", f.profile->version));
  }
  return names;
}

TEST(BrokerFitTest, EveryRowIsFoundAmongTheNearest) {
  for (const uint16_t k : {5, 10}) {
    for (const BrokerProfile& p : BrokerProfiles()) {
      for (const Duration phase : {Duration{0}, Milliseconds(770), Milliseconds(4210)}) {
        const auto samples = ClosedBy(p, Silences(k, 12), phase, kError);
        const BrokerFits fits = FitBrokers(samples, MqttVersion::kV311, kRoundTrip, kError);
        const std::string name = absl::StrCat(p.name, " ", p.version);
        EXPECT_THAT(Equals(fits), Contains(name)) << k << " s";
        EXPECT_TRUE(fits.explained()) << name;
      }
    }
  }
}

TEST(BrokerFitTest, RowsThatThisKeepAliveDoesNotTellApartAreAllNamed) {
  const auto samples =
      ClosedBy(*FindBrokerProfile("aedes"), Silences(10, 12), Duration{0}, Duration{0});
  const auto names = Equals(FitBrokers(samples, MqttVersion::kV311, kRoundTrip, kError));
  EXPECT_THAT(names, IsSupersetOf({"spec ", "aedes 1.1", "mochi 2.7", "moquette 2f52ce1"}));
  EXPECT_THAT(names, Not(Contains("mosquitto 2.0.20")));
  EXPECT_THAT(names, Not(Contains("nanomq 0.25")));
}

TEST(BrokerFitTest, AnOddKeepAliveTellsRoundingsApart) {
  const auto samples =
      ClosedBy(*FindBrokerProfile("moquette"), Silences(5, 12), Duration{0}, Duration{0});
  const BrokerFits fits = FitBrokers(samples, MqttVersion::kV311, kRoundTrip, kError);
  EXPECT_THAT(Equals(fits), testing::ElementsAre("moquette 2f52ce1"));
}

TEST(BrokerFitTest, OneConnectionDoesNotTellAScanFromATimer) {
  const auto samples =
      ClosedBy(*FindBrokerProfile("aedes"), Silences(5, 1), Duration{0}, Duration{0});
  const auto names = Equals(FitBrokers(samples, MqttVersion::kV311, kRoundTrip, kError));
  EXPECT_THAT(names, IsSupersetOf({"aedes 1.1", "mosquitto 2.0.20", "mosquitto 2.1"}));
}

TEST(BrokerFitTest, ABrokerOfNoRowIsNotExplained) {
  auto samples = Silences(5, 12);
  for (size_t i = 0; i < samples.size(); ++i) {
    samples[i].closed = true;
    samples[i].ended = samples[i].sent.back().at + Seconds(31) + Milliseconds(700 * (i % 7));
  }
  const BrokerFits fits = FitBrokers(samples, MqttVersion::kV311, kRoundTrip, kError);
  ASSERT_FALSE(fits.fits.empty());
  EXPECT_FALSE(fits.explained());
  EXPECT_GT(fits.fits.front().distance, fits.limit);
}

TEST(BrokerFitTest, AConnectionThatStaysOpenSpeaksAgainstRowsThatWouldHaveClosedIt) {
  const BrokerProfile& nanomq = *FindBrokerProfile("nanomq");
  auto samples = ClosedBy(nanomq, Silences(5, 12), Duration{0}, Duration{0});
  // Cut off after what "spec" allows, and before what nanomq does.
  for (size_t i = 1; i < samples.size(); ++i) {
    samples[i].closed = false;
    samples[i].ended = samples[i].sent.back().at + Seconds(9);
  }
  const auto names = Equals(FitBrokers(samples, MqttVersion::kV311, kRoundTrip, kError));
  EXPECT_THAT(names, Contains("nanomq 0.25"));
  EXPECT_THAT(names, Not(Contains("spec ")));
}

TEST(BrokerFitTest, NothingClosedIsNothingToFit) {
  auto samples = Silences(5, 2);
  for (SilenceSample& s : samples) s.ended = s.sent.back().at + Seconds(60);
  EXPECT_TRUE(FitBrokers(samples, MqttVersion::kV311, kRoundTrip, kError).fits.empty());
  EXPECT_TRUE(FitBrokers({}, MqttVersion::kV311, kRoundTrip, kError).fits.empty());
}

}  // namespace
}  // namespace keepsim
