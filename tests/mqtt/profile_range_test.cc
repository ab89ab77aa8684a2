// Every client row against the closed ranges that follow from the sources read: both ends are
// approached and never passed, over many phases, and a row without its clockwork misses them.
// Answers take no time, or a part of the main loop's turn, so what a range leaves open is the phase
// of that clockwork. tests/mqtt/broker_range_test.cc does the same for the brokers.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/mqtt/client_ranges.h"
#include "tests/mqtt/client_trial.h"

namespace keepsim {
namespace {

using Late = ClientTrial::Late;
constexpr Late kLate[] = {Late::kPrompt, Late::kAlways, Late::kOdd, Late::kEven, Late::kMixed};

// What was measured of one quantity.
struct Seen {
  double low = 1e18;
  double high = -1;

  void Add(Duration d) {
    low = std::min(low, ToSeconds(d));
    high = std::max(high, ToSeconds(d));
  }
  void AddGaps(const std::vector<Instant>& times) {
    for (size_t i = 1; i < times.size(); ++i) Add(times[i] - times[i - 1]);
  }
  // Passes an end, or does not come as near as `close`.
  bool Misses(Range range, double close) const {
    constexpr double kRounding = 1e-9;
    if (range == kNotAtAll) return high != -1;
    return low < range.low - kRounding || high > range.high + kRounding ||
           low > range.low + close + kRounding || high < range.high - close - kRounding;
  }
};

class Measurement {
 public:
  Measurement(const ClientProfile& profile, uint16_t keep_alive_s)
      : p_(profile), k_s_(keep_alive_s), k_(Seconds(keep_alive_s)) {
    for (const Late late : kLate) {
      Idle(late);
      SinglePublish(late);
      PublishOften(late);
      Cut(late, /*publishing=*/false);
      Cut(late, /*publishing=*/true);
    }
  }

  // One line for each range that is missed, and for what must not be at all.
  std::vector<std::string> Against(const ClientRanges& r) const {
    std::vector<std::string> missed = wrong_;
    const auto check = [&](const char* what, const Seen& seen, Range range) {
      if (!seen.Misses(range, r.close)) return;
      missed.push_back(absl::StrCat(what, " seen from ", seen.low, " to ", seen.high, ", expected ",
                                    range.low, " to ", range.high));
    };
    check("idle", idle_, r.idle);
    check("silence", silence_, {silence_.low, r.silence});
    check("publishing QoS 0", busy_, r.busy);
    check("publishing QoS 1", acked_, r.acked);
    // A single PINGREQ makes no interval.
    for (const auto& [qos, range] : {std::pair(0, r.busy), std::pair(1, r.acked)}) {
      if (pinged_[qos] == (range == kNotAtAll)) {
        missed.push_back(absl::StrCat("pinged, or not, publishing QoS ", qos));
      }
    }
    check("wait", wait_, r.wait);
    check("detection", detect_, r.detect);
    check("detection, publishing", busy_detect_, r.busy_detect);
    check("from the last packet received", last_in_, r.last_in);
    if (unnoticed_ != (r.busy_detect == kNotAtAll)) missed.push_back("noticed, or not, publishing");
    return missed;
  }

 private:
  static constexpr int kBegins = 20;
  static constexpr int kPhases = 300;

  // Connected at a twentieth of a second, which matters where time is in whole ones.
  ClientTrial Make(Late late, int number) const {
    const Duration into = Milliseconds(1000 / kBegins * (number % kBegins));
    return {.profile = &p_, .k = k_s_, .late = late, .begin = kStart + into};
  }

  // How long after the begin a client publishes: phases in (0, 3 keepAlive), and those next to the
  // profile's own instants.
  std::vector<Duration> Phases() const {
    std::vector<Duration> phases;
    for (int64_t i = 0; i < kPhases; ++i) {
      phases.push_back(Nanoseconds(1) + k_ * 3 * (i * 61803 % 100000) / 100000);
    }
    ClientTrial idle = Make(Late::kPrompt, 0);
    idle.until = kStart + k_ * 3;
    idle.Go();
    const Duration tick = p_.TickOf(k_);
    for (const Instant ping : idle.pings) {
      for (const Duration d : {-tick, Duration{0}}) {
        for (const Duration e : {-Nanoseconds(1), Nanoseconds(1)}) {
          phases.push_back(ping - idle.begin + d + e);
        }
      }
    }
    return phases;
  }

  void MustLive(const ClientTrial& trial) {
    if (trial.declared != kNever) wrong_.push_back("gives up a broker that answers");
  }

  void Idle(Late late) {
    for (int i = 0; i < kBegins; ++i) {
      ClientTrial run = Make(late, i);
      run.until = run.begin + k_ * 20;
      run.Go();
      MustLive(run);
      idle_.AddGaps(run.pings);
      silence_.AddGaps(run.sends);
    }
  }

  void SinglePublish(Late late) {
    int number = 0;
    for (const Duration phase : Phases()) {
      for (const uint8_t qos : {uint8_t{0}, uint8_t{1}}) {
        ClientTrial once = Make(late, number);
        once.qos = qos;
        once.first_publish = once.begin + phase;
        once.until = once.first_publish + k_ * 3;
        once.Go();
        MustLive(once);
        silence_.AddGaps(once.sends);
      }
      ClientTrial after = Make(late, number++);
      after.qos = 1;
      after.first_publish = after.begin + phase;
      after.cut = after.first_publish + Nanoseconds(1);
      after.until = after.first_publish + k_ * 20;
      after.Go();
      if (after.declared == kNever) wrong_.push_back("does not give up");
      last_in_.Add(after.declared - after.last_in);
    }
  }

  // Periods that are no part of keepAlive, nor of a second, and below keepAlive.
  Duration Period(int number) const { return k_ * 3 / 10 + Milliseconds(137 + 61 * (number % 20)); }

  void PublishOften(Late late) {
    for (int i = 1; i <= 20; ++i) {
      for (const uint8_t qos : {uint8_t{0}, uint8_t{1}}) {
        ClientTrial often = Make(late, i * 7);
        often.qos = qos;
        often.period = Period(i);
        often.first_publish = often.begin + often.period * (i * 7 % 20 + 1) / 20;
        often.until = often.begin + k_ * 30;
        often.Go();
        MustLive(often);
        // What is due by the silence before the first publish is not the matter here.
        const auto settled = std::find_if(often.pings.begin(), often.pings.end(), [&](Instant t) {
          return t > often.begin + k_ + k_ / 10;
        });
        (qos == 0 ? busy_ : acked_).AddGaps({settled, often.pings.end()});
        pinged_[qos] = pinged_[qos] || settled != often.pings.end();
        Seen gaps;
        gaps.AddGaps(often.sends);
        if (gaps.high > ToSeconds(often.period)) wrong_.push_back("more silent than its publishes");
      }
    }
  }

  // The path is cut right before, right after, and between the PINGREQs.
  void Cut(Late late, bool publishing) {
    for (int i = 0; i < (publishing ? 4 : 1) * kBegins; ++i) {
      ClientTrial through = Make(late, i + i / kBegins * 7);
      if (publishing) {
        through.period = Period(i);
        through.first_publish = through.begin + through.period * (i % 7) / 7;
      }
      ClientTrial before = through;
      before.until = before.begin + k_ * 20;
      before.Go();
      std::vector<Instant> cuts;
      for (int n = 0; n < 25; ++n) {
        cuts.push_back(through.begin + k_ * 2 + k_ * 4 * ((n * 20 + i) * 61 % 500) / 500);
      }
      for (const Instant ping : before.pings) {
        if (ping < through.begin + k_ * 2) continue;
        cuts.push_back(ping);
        cuts.push_back(ping + Nanoseconds(1));
      }
      for (const Instant at : cuts) {
        ClientTrial run = through;
        run.cut = at;
        run.until = at + k_ * 20;
        run.Go();
        if (run.declared == kNever) {
          (publishing ? unnoticed_ : never_) = true;
          continue;
        }
        (publishing ? busy_detect_ : detect_).Add(run.declared - at);
        if (!publishing) wait_.Add(run.declared - run.unanswered);
      }
    }
    if (never_) wrong_.push_back("does not notice while idle");
  }

  const ClientProfile& p_;
  uint16_t k_s_;
  Duration k_;
  Seen idle_, silence_, busy_, acked_, wait_, detect_, busy_detect_, last_in_;
  bool pinged_[2] = {false, false};  // publishing, by QoS
  bool unnoticed_ = false;           // a cut while publishing
  bool never_ = false;               // while idle
  std::vector<std::string> wrong_;
};

class ClientRangeTest : public testing::TestWithParam<ClientRanges> {
 protected:
  ClientProfile profile() const { return *FindClientProfile(GetParam().name, GetParam().version); }
};

TEST_P(ClientRangeTest, BothEndsAreApproachedAndNeverPassed) {
  const ClientProfile p = profile();
  EXPECT_THAT(Measurement(p, GetParam().k).Against(GetParam()), testing::IsEmpty())
      << GetParam().clause;
}

// A row without its main loop, its tick, its whole seconds or its lateness.
TEST_P(ClientRangeTest, WithoutItsClockworkItMissesThem) {
  const auto misses = [&](const char* what, const ClientProfile& mutant) {
    EXPECT_FALSE(Measurement(mutant, GetParam().k).Against(GetParam()).empty()) << what;
  };
  const ClientProfile p = profile();
  ClientProfile none = p;
  none.loop_wait = none.loop_pause = none.loop_delay_max = Duration{0};
  none.tick = none.long_tick = Fixed(Duration{0});
  none.whole_seconds = false;
  if (p.loop_wait.ns > 0) {
    ClientProfile mutant = p;
    mutant.loop_wait = mutant.loop_pause = Duration{0};
    misses("loop", mutant);
  }
  if (p.TickOf(Seconds(GetParam().k)).ns > 0) {
    ClientProfile mutant = p;
    mutant.tick = mutant.long_tick = Fixed(Duration{0});
    misses("tick", mutant);
  }
  if (p.whole_seconds) {
    ClientProfile mutant = p;
    mutant.whole_seconds = false;
    misses("whole seconds", mutant);
  }
  if (p.loop_delay_max.ns > 0) {
    ClientProfile mutant = p;
    mutant.loop_delay_max = Duration{0};
    misses("lateness", mutant);
  }
  if (!(none == p)) misses("all", none);
}

std::string Name(const testing::TestParamInfo<ClientRanges>& info) {
  std::string name = absl::StrCat(info.param.name, "_", info.param.version, "_", info.param.k);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Rows, ClientRangeTest, testing::ValuesIn(AllClientRanges()), Name);

TEST(ClientRangeTableTest, HasEveryRow) {
  for (const ClientProfile& p : ClientProfiles()) {
    EXPECT_TRUE(std::any_of(
        AllClientRanges().begin(), AllClientRanges().end(),
        [&](const ClientRanges& row) { return p.name == row.name && p.version == row.version; }))
        << p.name << " " << p.version;
  }
}

}  // namespace
}  // namespace keepsim
