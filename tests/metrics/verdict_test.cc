// The verdict and the cause of a declaration; each story can be checked by hand.
#include "gtest/gtest.h"
#include "tests/metrics/follow.h"

namespace keepsim {
namespace {

constexpr double kDay = 86400;

// Starts at 0, is last heard at 10, is declared at 100 after 90 s of silence.
Story& Declared(Story& s, Observer observer = Observer::kBroker, Evidence e = {}) {
  s.At(100).Declares(observer, 1, 90, e);
  s.Closes(observer, 1,
           observer == Observer::kBroker ? Story::kKeepAliveTimeout : Story::kPingrespTimeout);
  return s;
}

Incident Only(Story& s, RunShape shape = DayOfFifteen()) {
  s.At(kDay).Ends();
  const auto f = Follow(s, std::move(shape));
  EXPECT_EQ(f->incidents.size(), 1u);
  return f->incidents.empty() ? Incident() : f->incidents[0];
}

void ExpectTrue(const Incident& i, FailureKind failure, double onset_s) {
  EXPECT_EQ(i.verdict, Verdict::kTrue);
  switch (failure) {
    case FailureKind::kFreeze:
    case FailureKind::kSleep:
    case FailureKind::kBrokerStall:
      EXPECT_EQ(i.cause, Cause::kPeerStalled);
      break;
    case FailureKind::kPathCut:
      EXPECT_EQ(i.cause, Cause::kPathCut);
      break;
    case FailureKind::kMiddlebox:
      EXPECT_EQ(i.cause, Cause::kMiddleboxExpiry);
      break;
    default:
      EXPECT_EQ(i.cause, Cause::kFailure);
  }
  EXPECT_EQ(i.failure, failure);
  EXPECT_EQ(i.onset.ns, static_cast<int64_t>(onset_s * 1e9));
  EXPECT_EQ(i.latency, i.declared - i.onset);
}

TEST(Verdict, CrashIsTrue) {
  Story s;
  s.Starts().At(40).Down(FailureKind::kCrash).Closes(Observer::kClient, 1, Story::kLocalStop);
  ExpectTrue(Only(Declared(s)), FailureKind::kCrash, 40);
}

TEST(Verdict, FrozenAsleepAndCutAreTrue) {
  const std::pair<RecordKind, FailureKind> kFaults[] = {
      {RecordKind::kFrozen, FailureKind::kFreeze},
      {RecordKind::kAsleep, FailureKind::kSleep},
      {RecordKind::kPathDown, FailureKind::kPathCut}};
  for (const auto& [record, failure] : kFaults) {
    Story s;
    s.Starts().At(40).Add(record, record == RecordKind::kPathDown ? 2 : 0);
    ExpectTrue(Only(Declared(s)), failure, 40);
  }
}

TEST(Verdict, ALostMappingIsTrueFromWhenItWasLost) {
  Story s;
  s.Starts().At(70).Add(RecordKind::kMappingLost, 0, 1, Seconds(30).ns);
  ExpectTrue(Only(Declared(s)), FailureKind::kMiddlebox, 30);
}

TEST(Verdict, OverlappingFaultsAreOneOfTheKindThatBeganIt) {
  Story s;
  s.Starts().At(30).Add(RecordKind::kPathDown, 3).At(40).Add(RecordKind::kFrozen);
  s.At(50).Add(RecordKind::kPathUp, 0);
  ExpectTrue(Only(Declared(s)), FailureKind::kPathCut, 30);
}

TEST(Verdict, APeerWhoseEndIsGoneIsTrue) {
  Story s;
  s.Starts().At(40).Closes(Observer::kClient, 1, Story::kReset);
  ExpectTrue(Only(Declared(s)), FailureKind::kNone, 40);
}

TEST(Verdict, ACleanStopTheBrokerDidNotHearOfIsTrueButNoFailure) {
  Story s;
  s.Starts().At(40).Down(FailureKind::kStop).Closes(Observer::kClient, 1, Story::kLocalStop);
  Declared(s).At(kDay).Ends();
  const auto f = Follow(s);
  ASSERT_EQ(f->incidents.size(), 1u);
  ExpectTrue(f->incidents[0], FailureKind::kStop, 40);
  EXPECT_EQ(f->total.Detection(Observer::kBroker).count(), 0);
}

TEST(Verdict, ACutThatIsOverIsTransient) {
  Story s;
  s.Starts().At(40).Add(RecordKind::kPathDown, 1).At(50).Add(RecordKind::kPathUp, 0);
  const Incident i = Only(Declared(s));
  EXPECT_EQ(i.verdict, Verdict::kTransient);
  EXPECT_EQ(i.cause, Cause::kPathCut);
  EXPECT_EQ(i.onset, Instant{} + Seconds(40));
  EXPECT_EQ(i.latency, Seconds(60));
}

TEST(Verdict, ACutBeforeTheSilenceDoesNotCount) {
  Story s;
  s.Starts().At(5).Add(RecordKind::kPathDown, 1).At(10).Add(RecordKind::kPathUp, 0);
  EXPECT_EQ(Only(Declared(s)).verdict, Verdict::kFalse);
}

TEST(Verdict, FalseHasNoOnset) {
  Story s;
  const Incident i = Only(Declared(s.Starts()));
  EXPECT_EQ(i.verdict, Verdict::kFalse);
  EXPECT_EQ(i.onset, kNever);
  EXPECT_EQ(i.failure, FailureKind::kNone);
  EXPECT_EQ(i.silence, Seconds(90));
  EXPECT_EQ(i.cause, Cause::kUnknown);
}

Cause CauseWith(uint16_t lost, uint16_t reply_lost, uint16_t undelivered, uint16_t flags,
                Observer observer = Observer::kBroker) {
  Evidence e;
  e.lost = lost;
  e.reply_lost = reply_lost;
  e.undelivered = undelivered;
  e.flags = flags;
  Story s;
  return Only(Declared(s.Starts(), observer, e)).cause;
}

TEST(Cause, TheFirstThatApplies) {
  constexpr uint16_t kAll =
      Evidence::kClockDrifts | Evidence::kPeerSilentByRule | Evidence::kLateCheck;
  EXPECT_EQ(CauseWith(1, 0, 1, kAll), Cause::kPacketsLost);
  EXPECT_EQ(CauseWith(0, 0, 1, kAll), Cause::kPacketsLate);
  EXPECT_EQ(CauseWith(0, 0, 0, kAll), Cause::kClockDrift);
  EXPECT_EQ(CauseWith(0, 0, 0, Evidence::kPeerSilentByRule | Evidence::kLateCheck),
            Cause::kClientRule);
  EXPECT_EQ(CauseWith(0, 0, 0, Evidence::kPeerSilentByRule | Evidence::kEarlyCheck),
            Cause::kCheckGranularity);
  // A late check makes a declaration later, and none.
  EXPECT_EQ(CauseWith(0, 0, 0, Evidence::kLateCheck), Cause::kUnknown);
  EXPECT_EQ(CauseWith(0, 0, 1, Evidence::kPeerBusy), Cause::kBrokerBusy);
  EXPECT_EQ(CauseWith(0, 0, 0, Evidence::kRequestUndelivered, Observer::kClient),
            Cause::kPacketsLate);
}

TEST(Cause, ALostRequestExplainsAMissingAnswerOnlyToTheClient) {
  EXPECT_EQ(CauseWith(0, 1, 0, 0, Observer::kClient), Cause::kPacketsLost);
  EXPECT_EQ(CauseWith(0, 1, 0, 0, Observer::kBroker), Cause::kUnknown);
}

TEST(Cause, AFreezeThatIsOverStalledThePeerOrTheObserver) {
  for (const Observer observer : {Observer::kBroker, Observer::kClient}) {
    Story s;
    s.Starts().At(40).Add(RecordKind::kFrozen).At(60).Add(RecordKind::kThawed);
    const Incident i = Only(Declared(s, observer));
    EXPECT_EQ(i.verdict, Verdict::kFalse);
    EXPECT_EQ(i.cause,
              observer == Observer::kBroker ? Cause::kPeerStalled : Cause::kObserverStalled);
  }
}

TEST(BrokerFaults, AStallTheClientDeclaresIsTrueAndOnceOverItsPeerStalled) {
  for (const bool over : {false, true}) {
    Story run;
    run.Of(0).At(40).Add(RecordKind::kBrokerStalled);
    if (over) run.At(60).Add(RecordKind::kBrokerResumed);
    RunShape shape = DayOfFifteen();
    shape.run_records = run.told();
    Story s;
    const Incident i = Only(Declared(s.Starts(), Observer::kClient), shape);
    if (over) {
      EXPECT_EQ(i.verdict, Verdict::kFalse);
      EXPECT_EQ(i.cause, Cause::kPeerStalled);
    } else {
      ExpectTrue(i, FailureKind::kBrokerStall, 40);
    }
  }
}

TEST(BrokerFaults, FromTheTraceItselfTheyCountTheSame) {
  Story s;
  s.Of(0).At(40).Add(RecordKind::kBrokerDown, 2);
  s.Of(1).At(0).Starts();
  ExpectTrue(Only(Declared(s, Observer::kClient)), FailureKind::kBrokerCrash, 40);
}

}  // namespace
}  // namespace keepsim
