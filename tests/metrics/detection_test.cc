// Failures, who detects them and how soon; those that nobody does; wills.
#include "gtest/gtest.h"
#include "sim/metrics/summary.h"
#include "tests/metrics/follow.h"

namespace keepsim {
namespace {

constexpr double kDay = 86400;
constexpr int kCrash = static_cast<int>(FailureKind::kCrash);
constexpr int kCut = static_cast<int>(FailureKind::kPathCut);

int64_t Ways(const Tally& t, int observer, int kind, Undetected how) {
  return t.undetected[observer][kind][static_cast<int>(how)];
}

TEST(Detection, LatencyIsActionMinusOnset) {
  Story s;
  s.Starts().At(40).Down(FailureKind::kCrash).Closes(Observer::kClient, 1, Story::kLocalStop);
  s.At(100.5)
      .Declares(Observer::kBroker, 1, 90)
      .Closes(Observer::kBroker, 1, Story::kKeepAliveTimeout);
  s.At(kDay).Ends(0);
  const auto f = Follow(s);
  const Histogram& h = f->total.detection[0][kCrash];
  EXPECT_EQ(h.count(), 1);
  EXPECT_EQ(h.min(), Milliseconds(60500));
  EXPECT_EQ(f->total.failures[0][kCrash], 1);
  // The declaration and the close are one detection.
  EXPECT_EQ(f->total.Detection(Observer::kBroker).count(), 1);
}

TEST(Detection, TheTransportMayTellOfIt) {
  Story s;
  s.Starts().At(40).Down(FailureKind::kKill).Closes(Observer::kClient, 1, Story::kLocalStop);
  s.At(40.025).Closes(Observer::kBroker, 1, Story::kPeerClosed).At(kDay).Ends(0);
  const auto f = Follow(s);
  EXPECT_EQ(f->total.Detection(Observer::kBroker).max(), Milliseconds(25));
  EXPECT_TRUE(f->incidents.empty());
}

TEST(Detection, BothSidesDetectACut) {
  Story s;
  s.Starts().At(40).Add(RecordKind::kPathDown, 3);
  s.At(75).Declares(Observer::kClient, 1, 30).Closes(Observer::kClient, 1, Story::kPingrespTimeout);
  s.At(110)
      .Declares(Observer::kBroker, 1, 90)
      .Closes(Observer::kBroker, 1, Story::kKeepAliveTimeout);
  s.At(kDay).Ends();
  const auto f = Follow(s);
  EXPECT_EQ(f->total.Detection(Observer::kClient).max(), Seconds(35));
  EXPECT_EQ(f->total.Detection(Observer::kBroker).max(), Seconds(70));
}

// Latencies that lie closer together than they are kept apart: at 210 s the histogram's cells are
// wider than the bins that a picture has of these.
TEST(Detection, ANarrowDistributionIsDrawnWithoutHoles) {
  Story s;
  s.Add(RecordKind::kHostUp);
  for (uint32_t i = 1; i <= 200; ++i) {
    s.At(400.0 * i).Connects(i).At(400.0 * i + 1).Add(RecordKind::kPathDown, 3);
    s.At(400.0 * i + 210 + 0.01 * i).Closes(Observer::kBroker, i, Story::kReset);
    s.Closes(Observer::kClient, i, Story::kPingrespTimeout).Add(RecordKind::kPathUp, 0);
  }
  s.At(kDay).Ends();
  const auto f = Follow(s);
  const summary_pb::Latency l = Summarize(*f->metrics, {}).detection().broker();
  ASSERT_EQ(l.count(), 200);
  ASSERT_EQ(l.bins_size(), 20);
  int64_t all = 0;
  for (const summary_pb::HistogramBin& bin : l.bins()) {
    all += bin.count();
    EXPECT_NEAR(static_cast<double>(bin.count()), 10, 4) << bin.low_s();
  }
  EXPECT_EQ(all, 200);
}

TEST(Detection, APeerThatLeftKeepsAFailureOpenAfterThePathHeals) {
  Story s;
  s.Starts().At(40).Add(RecordKind::kPathDown, 3);
  s.At(75).Closes(Observer::kClient, 1, Story::kPingrespTimeout);
  s.At(80).Add(RecordKind::kPathUp, 0);
  s.At(90).Closes(Observer::kBroker, 1, Story::kReset).At(kDay).Ends();
  EXPECT_EQ(Follow(s)->total.Detection(Observer::kBroker).max(), Seconds(50));
}

TEST(Undetected, RecoveredTakenOverAndOpenAtTheEnd) {
  Story s;
  s.Starts().At(40).Add(RecordKind::kPathDown, 3).At(50).Add(RecordKind::kPathUp, 0);
  s.Of(2).At(0).Starts().At(40).Down(FailureKind::kCrash);
  s.Closes(Observer::kClient, 1, Story::kLocalStop).At(50).Up(FailureKind::kCrash);
  s.At(51).Add(RecordKind::kConnectAttempt, 0, 2).Closes(Observer::kBroker, 1, Story::kTakeover);
  s.Of(3).At(0).Starts().At(kDay - 1).Down(FailureKind::kCrash);
  s.Closes(Observer::kClient, 1, Story::kLocalStop);
  for (const uint32_t entity : {1, 2, 3}) s.Of(entity).At(kDay).Ends();
  const Tally t = Follow(s)->total;
  EXPECT_EQ(Ways(t, 0, kCut, Undetected::kRecovered), 1);
  EXPECT_EQ(Ways(t, 1, kCut, Undetected::kRecovered), 1);
  EXPECT_EQ(Ways(t, 0, kCrash, Undetected::kTakenOver), 1);
  EXPECT_EQ(Ways(t, 0, kCrash, Undetected::kAtEnd), 1);
  EXPECT_EQ(t.Detection(Observer::kBroker).count(), 0);
  EXPECT_EQ(t.failures[0][kCut] + t.failures[0][kCrash], 3);
}

TEST(Wills, AWatcherDetectsFromTheOnset) {
  Story s;
  s.Starts().At(40).Down(FailureKind::kCrash).Closes(Observer::kClient, 1, Story::kLocalStop);
  s.At(100).Declares(Observer::kBroker, 1, 90).Add(RecordKind::kWillPublished, 0, 1);
  s.Closes(Observer::kBroker, 1, Story::kKeepAliveTimeout);
  s.At(100.03).Add(RecordKind::kWillDelivered, 0, 1, Milliseconds(30).ns).At(kDay).Ends(0);
  const Tally t = Follow(s)->total;
  EXPECT_EQ(t.Detection(Observer::kWatcher).max(), Milliseconds(60030));
  EXPECT_EQ(t.detection_by_watcher[0].count(), 1);
  EXPECT_EQ(t.wills_published, 1);
  EXPECT_EQ(t.wills_published_false, 0);
}

TEST(Wills, AfterAFalseDeclarationNothingWasDetected) {
  Story s;
  s.Starts().At(100).Declares(Observer::kBroker, 1, 90).Add(RecordKind::kWillPublished, 0, 1);
  s.Closes(Observer::kBroker, 1, Story::kKeepAliveTimeout);
  s.At(101).Add(RecordKind::kWillDelivered, 0, 1, Seconds(1).ns).At(kDay).Ends();
  const Tally t = Follow(s)->total;
  EXPECT_EQ(t.Detection(Observer::kWatcher).count(), 0);
  EXPECT_EQ(t.wills_delivered[0], 1);
  EXPECT_EQ(t.wills_published_false, 1);
}

}  // namespace
}  // namespace keepsim
