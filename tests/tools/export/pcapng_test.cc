// The bytes of capture files, against the layouts of the pcapng draft and of RFC 791 and 9293.
#include "tools/export/pcapng.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "tools/export/tcp_frame.h"

namespace keepsim {
namespace {

// Bytes of hexadecimal digits that may be spaced out.
std::string Hex(absl::string_view text) {
  return absl::HexStringToBytes(absl::StrReplaceAll(text, {{" ", ""}}));
}

// The ones' complement sum over everything, checksum included, is 0xFFFF where it is right.
uint32_t OnesComplementSum(absl::string_view bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << 8;
    if (i + 1 < bytes.size()) sum += static_cast<uint8_t>(bytes[i + 1]);
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return sum;
}

TEST(PcapngTest, EachBlockIsLaidOutAsTheDraftSays) {
  std::string out;
  PcapngWriter writer("keep", &out);
  EXPECT_EQ(out, Hex("0a0d0d0a 28000000 4d3c2b1a 0100 0000 ffffffffffffffff"
                     "0400 0400 6b656570 0000 0000 28000000"));
  out.clear();
  EXPECT_EQ(writer.AddInterface("c0", "a client"), 0u);
  EXPECT_EQ(out, Hex("01000000 34000000 0100 0000 00000000 0200 0200 63300000"
                     "0300 0800 6120636c69656e74 0900 0100 09000000 0000 0000 34000000"));
  EXPECT_EQ(writer.AddInterface("", ""), 1u);
  out.clear();
  writer.AddPacket(1, Instant{0x0102030405060708}, "abcde", "lost");
  EXPECT_EQ(out, Hex("06000000 34000000 01000000 04030201 08070605 05000000 05000000"
                     "6162636465000000 0100 0400 6c6f7374 0000 0000 34000000"));
  out.clear();
  writer.AddPacket(0, kStart, "abcd");
  EXPECT_EQ(out, Hex("06000000 24000000 00000000 00000000 00000000 04000000 04000000"
                     "61626364 24000000"));
}

TEST(PcapngTest, TextsThatDoNotFitAreCutBetweenCharacters) {
  std::string out;
  PcapngWriter writer("keepsim", &out);
  writer.AddInterface("c0", "");
  out.clear();
  writer.AddPacket(0, kStart, "", std::string(65533, 'x') + "\xE2\x82\xAC" + "y");
  // Block and packet headers are 28 bytes; then the option's code and length.
  EXPECT_EQ(out.substr(28, 4), Hex("0100 fdff"));
  EXPECT_EQ(out.size() % 4, 0u);
  EXPECT_EQ(out.substr(out.size() - 11, 3), std::string("\0\0\0", 3));
}

TEST(TcpFrameTest, HeadersOfBothDirections) {
  TcpSegment s;
  s.client = 256;
  s.client_port = 40000;
  s.seq = 0x01020304;
  s.ack = 0x0A0B0C0D;
  s.flags = TcpSegment::kPsh | TcpSegment::kAck;
  s.payload = absl::string_view("\xC0\x00", 2);
  // The checksums come from a calculation of its own.
  EXPECT_EQ(absl::BytesToHexString(TcpFrame(s)),
            absl::StrCat("0200c0000201", "02000a000101", "0800", "4500002a00004000", "40066dcc",
                         "0a000101", "c0000201", "9c40075b", "01020304", "0a0b0c0d", "5018ffff",
                         "650e0000", "c000"));
  s.from_client = false;
  const std::string back = TcpFrame(s);
  EXPECT_EQ(absl::BytesToHexString(back.substr(0, 14)), "02000a0001010200c00002010800");
  EXPECT_EQ(absl::BytesToHexString(back.substr(26, 12)), "c00002010a000101075b9c40");
}

TEST(TcpFrameTest, ChecksumsAreRightForEveryLengthAndAddress) {
  std::string payload;
  for (int i = 0; i < 100; ++i) {
    TcpSegment s;
    s.from_client = i % 2 == 0;
    s.client = i < 99 ? static_cast<uint32_t>(i) * 99991 : 0xFFFFFD;
    s.client_port = static_cast<uint16_t>(65535 - i);
    s.seq = 0xFFFFFFFF - static_cast<uint32_t>(i);
    s.payload = payload;
    const std::string frame = TcpFrame(s);
    ASSERT_EQ(frame.size(), 54 + payload.size());
    EXPECT_EQ(OnesComplementSum(frame.substr(14, 20)), 0xFFFFu);
    const size_t length = frame.size() - 34;
    const std::string pseudo = frame.substr(26, 8) + std::string("\0\x06", 2) +
                               static_cast<char>(length >> 8) + static_cast<char>(length & 0xFF);
    EXPECT_EQ(OnesComplementSum(pseudo + frame.substr(34)), 0xFFFFu) << i;
    payload += static_cast<char>(0xFF - i);
  }
}

TEST(TcpFrameTest, TheLargestPayloadFits) {
  const std::string payload(kMaxTcpPayload, '\xFF');
  TcpSegment s;
  s.payload = payload;
  const std::string frame = TcpFrame(s);
  EXPECT_EQ(frame.substr(16, 2), "\xFF\xFF");
  EXPECT_EQ(OnesComplementSum(frame.substr(14, 20)), 0xFFFFu);
}

}  // namespace
}  // namespace keepsim
