#include "sim/trace/text.h"

#include <string>

#include "gtest/gtest.h"
#include "sim/mqtt/effects.h"
#include "sim/mqtt/packet.h"
#include "tests/trace/stories.h"

namespace keepsim {
namespace {

RecordText Sample() {
  return RecordText({{"fleet", 1, 100}, {"pumps", 101, 5}}, {"dashboard"}, {"storm", ""});
}

TEST(RecordText, NamesEntities) {
  const RecordText text = Sample();
  EXPECT_EQ(text.Entity(0), "run");
  EXPECT_EQ(text.Entity(1), "fleet/0");
  EXPECT_EQ(text.Entity(100), "fleet/99");
  EXPECT_EQ(text.Entity(101), "pumps/0");
  EXPECT_EQ(text.Entity(106), "?/106");
}

// Golden transcripts are made of these lines: a change here is a change of them all.
TEST(RecordText, LinesAreStable) {
  Evidence e;
  e.lost = 2;
  e.undelivered = 1;
  e.flags = Evidence::kLateCheck | Evidence::kPathWasCut;
  Story story;
  story.Of(18).At(0.5).Starts();
  story.At(60.05).Add(RecordKind::kPathDown, 1, 0, 0).Add(RecordKind::kPathUp, 0, 0, -1);
  story.At(150).Declares(Observer::kBroker, 1, 90, e);
  story.Closes(Observer::kBroker, 1, Story::kKeepAliveTimeout);
  story.Add(RecordKind::kWillPublished, 0, 1, 0);
  story.At(150.0005).Add(RecordKind::kWillDelivered, 0, 1, 500000);
  story.At(151).Down(FailureKind::kCrash).Up(FailureKind::kCrash);
  story.Add(RecordKind::kMappingLost, 0, 1, Seconds(90).ns);
  story.Add(RecordKind::kClock, 1, 0, Milliseconds(-1500).ns);
  story.Add(RecordKind::kCost, kUp << 8 | 12, 0, 3, 6);
  story.Add(RecordKind::kConservation, kDown, 0, int64_t{7} << 32 | 4, int64_t{2} << 32 | 1);
  story.Add(RecordKind::kEnd, 63, 0, 1234, Seconds(60).ns);
  story.Add(RecordKind::kPacketSent, kUp << 8 | 1, 1, 60, 14);
  story.Add(RecordKind::kSegmentSent, kUp << 8 | 1, 1, int64_t{14} << 32 | 1,
            int64_t{14} << 32 | 2 << 8 | 1);
  story.Of(0).At(86400).Add(RecordKind::kBrokerDown, 2).Add(RecordKind::kFaultBegins, 0);
  std::string lines;
  const RecordText text = Sample();
  for (const TraceRecord& r : story.told()) lines += text.Line(r) + "\n";
  EXPECT_EQ(lines,
            "0000000.500000000 fleet/17 -    host_up         first start\n"
            "0000000.500000000 fleet/17 #1   connect_attempt attempt 1\n"
            "0000000.500000000 fleet/17 #1   session_opened  keep_alive 60s limit 90s\n"
            "0000000.500000000 fleet/17 #1   connected       after 20ms\n"
            "0000060.050000000 fleet/17 -    path_down       cut up by storm\n"
            "0000060.050000000 fleet/17 -    path_up         cut none by random\n"
            "0000150.000000000 fleet/17 #1   declared        broker silence 90s undelivered 1 "
            "lost 2 late_check path_was_cut\n"
            "0000150.000000000 fleet/17 #1   closed          broker keep alive timeout open 0\n"
            "0000150.000000000 fleet/17 #1   will_published  after 0\n"
            "0000150.000500000 fleet/17 #1   will_delivered  dashboard after 500us\n"
            "0000151.000000000 fleet/17 -    host_down       crash\n"
            "0000151.000000000 fleet/17 -    host_up         after crash\n"
            "0000151.000000000 fleet/17 #1   mapping_lost    idle since 90.000000000\n"
            "0000151.000000000 fleet/17 -    clock           jump -1.5s\n"
            "0000151.000000000 fleet/17 -    cost            up PINGREQ packets 3 bytes 6\n"
            "0000151.000000000 fleet/17 -    conservation    down sent 7 delivered 4 dropped 2 "
            "in_flight 1\n"
            "0000151.000000000 fleet/17 -    end             events 1234 longest_silence 60s alive "
            "running path_up wants_connection connected broker_session\n"
            "0000151.000000000 fleet/17 #1   packet_sent     up CONNECT size 14 value 60\n"
            "0000151.000000000 fleet/17 #1   segment_sent    up lost A seq 14 ack 1 length 14 "
            "retransmission\n"
            "0086400.000000000 run      -    broker_down     host lost\n"
            "0086400.000000000 run      -    fault_begins    storm\n");
}

TEST(RecordText, NoRecordIsTooOdd) {
  const RecordText text = Sample();
  for (int kind = 0; kind < 256; ++kind) {
    for (const int code : {0, 1, 0xFFFF}) {
      TraceRecord r;
      r.kind = static_cast<RecordKind>(kind);
      r.code = static_cast<uint16_t>(code);
      r.a = r.b = -1;
      EXPECT_FALSE(text.Line(r).empty());
    }
  }
}

// The protocol's code and the trace's have names of their own; they must agree.
TEST(RecordText, NamesAreThoseOfTheProtocol) {
  for (int type = 1; type < kPacketTypes; ++type) {
    EXPECT_STREQ(PacketTypeText(type), PacketTypeName(static_cast<PacketType>(type)));
  }
  for (int reason = 0; reason <= static_cast<int>(CloseReason::kLocalStop); ++reason) {
    EXPECT_STREQ(CloseReasonText(reason), CloseReasonName(static_cast<CloseReason>(reason)));
  }
}

TEST(RecordTextTest, NothingSteersTheTerminal) {
  const RecordText text({}, {"w\x1b[2J"}, {"f\x1b[31m\n"});
  TraceRecord r;
  r.kind = RecordKind::kFaultBegins;
  EXPECT_NE(text.Line(r).find("f\\x1b[31m\\x0a"), std::string::npos) << text.Line(r);
  r.kind = RecordKind::kWillDelivered;
  EXPECT_NE(text.Line(r).find("w\\x1b[2J"), std::string::npos) << text.Line(r);
}

}  // namespace
}  // namespace keepsim
