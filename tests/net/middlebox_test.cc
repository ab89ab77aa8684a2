// A mapping's life: opened by the first packet, kept by use, lost by idleness or a flush.
#include "sim/net/middlebox.h"

#include "gtest/gtest.h"

namespace keepsim {
namespace {

constexpr Duration kIdle = Seconds(300);

MiddleboxSpec Spec(MiddleboxExpiry on_expiry = MiddleboxExpiry::kDrop) {
  MiddleboxSpec spec;
  spec.enabled = true;
  spec.idle_timeout = kIdle;
  spec.on_expiry = on_expiry;
  return spec;
}

Instant At(int64_t seconds) { return kStart + Seconds(seconds); }

TEST(MiddleboxTest, APacketAtTheVeryTimeoutStillPassesAndOneAfterItDoesNot) {
  MiddleboxState at;
  EXPECT_EQ(PassOutbound(Spec(), at, At(0), true), Passage::kPass);
  EXPECT_EQ(PassOutbound(Spec(), at, At(300), false), Passage::kPass);
  MiddleboxState after;
  EXPECT_EQ(PassOutbound(Spec(), after, At(0), true), Passage::kPass);
  EXPECT_EQ(PassOutbound(Spec(), after, At(300) + Nanoseconds(1), false), Passage::kDrop);
  EXPECT_EQ(after.gone_at, At(300));
  EXPECT_FALSE(after.flushed);
}

TEST(MiddleboxTest, UseKeepsItAndInboundUseOnlyWhereItCounts) {
  MiddleboxSpec spec = Spec();
  for (const bool counts : {true, false}) {
    spec.inbound_refreshes = counts;
    MiddleboxState s;
    PassOutbound(spec, s, At(0), true);
    EXPECT_EQ(PassInbound(spec, s, At(200)), Passage::kPass);
    EXPECT_EQ(PassOutbound(spec, s, At(400), false), counts ? Passage::kPass : Passage::kDrop);
  }
}

TEST(MiddleboxTest, InboundPacketsNeverOpenAMapping) {
  MiddleboxState s;
  EXPECT_EQ(PassInbound(Spec(MiddleboxExpiry::kRecreate), s, At(0)), Passage::kDrop);
  PassOutbound(Spec(), s, At(1), true);
  EXPECT_EQ(PassInbound(Spec(), s, At(302)), Passage::kDrop);
}

TEST(MiddleboxTest, WhatFollowsAnExpiry) {
  MiddleboxState dropped;
  PassOutbound(Spec(MiddleboxExpiry::kDrop), dropped, At(0), true);
  EXPECT_EQ(PassOutbound(Spec(MiddleboxExpiry::kDrop), dropped, At(400), false), Passage::kDrop);
  EXPECT_EQ(PassOutbound(Spec(MiddleboxExpiry::kDrop), dropped, At(401), false), Passage::kDrop);
  MiddleboxState reset;
  PassOutbound(Spec(MiddleboxExpiry::kReset), reset, At(0), true);
  EXPECT_EQ(PassOutbound(Spec(MiddleboxExpiry::kReset), reset, At(400), false), Passage::kReset);
  // A new mapping has another port: the connection stays foreign to the broker for good.
  MiddleboxState anew;
  PassOutbound(Spec(MiddleboxExpiry::kRecreate), anew, At(0), true);
  EXPECT_EQ(PassOutbound(Spec(MiddleboxExpiry::kRecreate), anew, At(400), false),
            Passage::kNewMapping);
  EXPECT_EQ(PassOutbound(Spec(MiddleboxExpiry::kRecreate), anew, At(401), false),
            Passage::kNewMapping);
}

TEST(MiddleboxTest, AFlushForgetsAtOnce) {
  MiddleboxState s;
  PassOutbound(Spec(), s, At(0), true);
  Flush(s, At(10));
  EXPECT_TRUE(s.flushed);
  EXPECT_EQ(s.gone_at, At(10));
  EXPECT_EQ(PassInbound(Spec(), s, At(10)), Passage::kDrop);
  EXPECT_EQ(PassOutbound(Spec(), s, At(11), false), Passage::kDrop);
  EXPECT_EQ(PassOutbound(Spec(), s, At(12), true), Passage::kPass);
  MiddleboxState none;
  Flush(none, At(0));
  EXPECT_FALSE(none.flushed);
}

}  // namespace
}  // namespace keepsim
