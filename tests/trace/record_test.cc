#include "sim/trace/record.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace keepsim {
namespace {

TEST(Evidence, PacksAndUnpacks) {
  Evidence e;
  e.undelivered = 1;
  e.lost = 0xFFFF;
  e.reply_lost = 3;
  e.flags = 0x8001;
  const Evidence back = Evidence::Unpack(e.Pack());
  EXPECT_EQ(back.undelivered, 1);
  EXPECT_EQ(back.lost, 0xFFFF);
  EXPECT_EQ(back.reply_lost, 3);
  EXPECT_EQ(back.flags, 0x8001);
  EXPECT_EQ(Evidence().Pack(), 0);
}

TEST(Names, EveryFailureKindHasItsOwn) {
  std::set<std::string> names;
  for (int k = 0; k < kFailureKinds; ++k) {
    names.insert(FailureKindName(static_cast<FailureKind>(k)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kFailureKinds));
  EXPECT_EQ(names.count("unknown"), 0u);
  EXPECT_STREQ(FailureKindName(static_cast<FailureKind>(99)), "unknown");
}

TEST(Names, KnownKindsAreDistinct) {
  std::set<std::string> names;
  int known = 0;
  for (int k = 0; k < 128; ++k) {
    const std::string name = RecordKindName(static_cast<RecordKind>(k));
    if (name == "unknown") continue;
    ++known;
    names.insert(name);
  }
  EXPECT_EQ(known, 42);
  EXPECT_EQ(names.size(), 42u);
  EXPECT_STREQ(RecordKindName(RecordKind::kDeclared), "declared");
}

TEST(CanonicalOrder, TimeThenEntityThenOutcomeThenCounter) {
  const TraceRecord base = {Instant{10}, 5, 5, RecordKind::kDeclared};
  TraceRecord later = base, other = base, packet = base, next = base;
  later.at = Instant{11};
  later.entity = 0;
  other.entity = 6;
  other.counter = 0;
  packet.kind = RecordKind::kPacketSent;
  packet.counter = 0;
  next.counter = 6;
  for (const TraceRecord& r : {later, other, packet, next}) {
    EXPECT_TRUE(CanonicalLess(base, r));
    EXPECT_FALSE(CanonicalLess(r, base));
  }
  EXPECT_TRUE(CanonicalLess(next, packet));  // outcome before packet level
  EXPECT_FALSE(CanonicalLess(base, base));
}

TEST(SemanticDigest, EveryFieldCounts) {
  const TraceRecord base = {Instant{1}, 2, 3, RecordKind::kClosed, 4, 5, 6, 7};
  Digest of_base;
  AddToDigest(base, of_base);
  std::set<std::string> digests = {of_base.Hex()};
  for (int field = 0; field < 8; ++field) {
    TraceRecord r = base;
    switch (field) {
      case 0:
        r.at.ns += 1;
        break;
      case 1:
        r.entity += 1;
        break;
      case 2:
        r.counter += 1;
        break;
      case 3:
        r.kind = RecordKind::kDeclared;
        break;
      case 4:
        r.code += 1;
        break;
      case 5:
        r.conn += 1;
        break;
      case 6:
        r.a += 1;
        break;
      case 7:
        r.b += 1;
        break;
    }
    Digest d;
    AddToDigest(r, d);
    EXPECT_TRUE(digests.insert(d.Hex()).second) << "field " << field;
  }
}

}  // namespace
}  // namespace keepsim
