// The codec against the bytes of the specifications. codec_tshark_test holds it against another
// dissector, codec_fuzz_test against itself.
#include "sim/mqtt/codec.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keepsim {
namespace {

using testing::HasSubstr;

std::string ErrorOf(MqttVersion version, absl::string_view bytes) {
  const auto decoded = Decode(version, bytes);
  return decoded.ok() ? "" : std::string(decoded.status().message());
}

TEST(CodecTest, UnsubackHasCodesInMqtt5Only) {
  const absl::string_view bare("\xB0\x02\x00\x07", 4);
  const absl::string_view with_code("\xB0\x03\x00\x07\x11", 5);
  const absl::string_view v5("\xB0\x04\x00\x07\x00\x11", 6);
  const absl::string_view v5_without_code("\xB0\x03\x00\x07\x00", 5);
  EXPECT_EQ(ErrorOf(MqttVersion::kV311, bare), "");
  EXPECT_THAT(ErrorOf(MqttVersion::kV311, with_code), HasSubstr("at byte 4: bytes are left over"));
  const auto decoded = Decode(MqttVersion::kV5, v5);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->packet.packet_id, 7);
  EXPECT_EQ(decoded->packet.reason, 0x11);
  EXPECT_THAT(ErrorOf(MqttVersion::kV5, v5_without_code), HasSubstr("it ends too early"));
}

TEST(CodecTest, SubackHasACode) {
  EXPECT_THAT(ErrorOf(MqttVersion::kV311, absl::string_view("\x90\x02\x00\x07", 4)),
              HasSubstr("it ends too early"));
  EXPECT_EQ(ErrorOf(MqttVersion::kV311, absl::string_view("\x90\x03\x00\x07\x80", 5)), "");
}

TEST(CodecTest, AuthExistsInMqtt5Only) {
  const absl::string_view auth("\xF0\x02\x18\x00", 4);
  EXPECT_EQ(ErrorOf(MqttVersion::kV5, auth), "");
  EXPECT_THAT(ErrorOf(MqttVersion::kV311, auth), HasSubstr("AUTH exists in MQTT 5.0 only"));
}

TEST(CodecTest, PublishIsPaddedToItsSizeOrOneByteLess) {
  Packet packet;
  packet.type = PacketType::kPublish;
  PacketBody body;
  body.topic = "t";
  for (uint32_t size = 5; size < 20000; size += size < 300 || size > 16000 ? 1 : 97) {
    packet.size = size;
    std::string bytes;
    Encode(MqttVersion::kV311, packet, body, &bytes);
    // 127 and 16383 are the largest lengths of one and of two bytes.
    const bool none = size == 2 + 128 || size == 3 + 16384;
    EXPECT_EQ(bytes.size(), none ? size - 1 : size);
    const auto decoded = Decode(MqttVersion::kV311, bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->consumed, bytes.size());
  }
}

}  // namespace
}  // namespace keepsim
