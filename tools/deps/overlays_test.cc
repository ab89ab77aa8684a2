// Every overlay compiles, links and answers: the first test to look at when a set-up is broken.

#include <gmp.h>
#include <libdeflate.h>
#include <mpfr.h>
#include <sqlite3.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

#include "Random123/philox.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "rapidjson/reader.h"
#include "tools/deps/overlays_test.pb.h"

namespace {

TEST(Overlays, Abseil) {
  absl::StatusOr<int> value = 7;
  absl::flat_hash_map<std::string, int> map = {{"a", *value}};
  EXPECT_EQ(absl::StrCat(map["a"], "/", absl::FormatDuration(absl::Seconds(90))), "7/1m30s");
  EXPECT_EQ(absl::StrFormat("%03d", 5), "005");
}

TEST(Overlays, Protobuf) {
  keepsim::deps::Probe probe;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString("wait { seconds: 3 }", &probe));
  EXPECT_EQ(probe.wait().seconds(), 3);
}

// The published known answer for a zero counter and a zero key.
TEST(Overlays, Random123) {
  const philox4x32_ctr_t out = philox4x32(philox4x32_ctr_t{}, philox4x32_key_t{});
  EXPECT_THAT(out, testing::ElementsAre(0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u));
}

TEST(Overlays, Mpfr) {
  mpfr_t x;
  mpfr_init2(x, 200);
  mpfr_set_ui(x, 2, MPFR_RNDN);
  mpfr_log(x, x, MPFR_RNDN);
  EXPECT_DOUBLE_EQ(mpfr_get_d(x, MPFR_RNDN), 0.69314718055994531);
  mpfr_clear(x);
  EXPECT_STRNE(gmp_version, "");
}

TEST(Overlays, Compressors) {
  EXPECT_EQ(ZSTD_versionNumber(), static_cast<unsigned>(ZSTD_VERSION_NUMBER));
  EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>("123456789"), 9), 0xcbf43926u);
  EXPECT_EQ(libdeflate_crc32(0, "123456789", 9), 0xcbf43926u);
}

TEST(Overlays, RapidJson) {
  rapidjson::BaseReaderHandler<> nothing;
  rapidjson::StringStream json("[1, 2");
  EXPECT_EQ(rapidjson::Reader().Parse(json, nothing).Code(),
            rapidjson::kParseErrorArrayMissCommaOrSquareBracket);
}

TEST(Overlays, Sqlite) { EXPECT_STREQ(sqlite3_libversion(), SQLITE_VERSION); }

}  // namespace
