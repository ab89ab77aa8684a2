#include "sim/scenario/load.h"

#include "absl/strings/match.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "sim/base/digest.h"
#include "sim/scenario/text_file.h"

namespace keepsim {

ScenarioFormat FormatOf(absl::string_view path) {
  if (absl::EndsWith(path, ".json")) return ScenarioFormat::kJson;
  if (absl::EndsWith(path, ".binpb") || absl::EndsWith(path, ".pb")) return ScenarioFormat::kBinary;
  return ScenarioFormat::kText;
}

LoadedScenario LoadText(absl::string_view contents, ScenarioFormat format, std::string file,
                        Diagnostics& diagnostics) {
  LoadedScenario s;
  s.file = std::move(file);
  if (contents.size() > kMaxInputBytes) {
    diagnostics.Add({false, s.file, 0, 0, "", std::string(TooLarge().message())});
    return s;
  }
  switch (format) {
    case ScenarioFormat::kText:
      s.places = ReadTextMessage(contents, s.file, &s.proto, diagnostics);
      break;
    case ScenarioFormat::kBinary:
      if (!s.proto.ParseFromArray(contents.data(), static_cast<int>(contents.size()))) {
        diagnostics.Add({false, s.file, 0, 0, "",
                         "not a binary keepsim.pb.Scenario message, or a text in it is not UTF-8"});
      } else if (const size_t size = s.proto.ByteSizeLong();
                 s.proto.DiscardUnknownFields(), s.proto.ByteSizeLong() != size) {
        diagnostics.Add({false, s.file, 0, 0, "",
                         "fields that this version does not know; was it written by a newer one?"});
      }
      break;
    case ScenarioFormat::kJson:
      s.places = ReadJsonMessage(contents, s.file, &s.proto, diagnostics);
      break;
  }
  return s;
}

LoadedScenario Load(const std::string& path, Diagnostics& diagnostics) {
  const absl::StatusOr<std::string> contents = ReadInputFile(path);
  if (!contents.ok()) {
    diagnostics.Add({false, path, 0, 0, "", std::string(contents.status().message())});
    LoadedScenario failed;
    failed.file = path;
    return failed;
  }
  LoadedScenario s = LoadText(*contents, FormatOf(path), path, diagnostics);
  if (s.proto.name().empty()) {
    std::string name = path.substr(path.find_last_of('/') + 1);
    s.proto.set_name(name.substr(0, name.find('.')));
  }
  return s;
}

std::string ToText(const pb::Scenario& scenario) {
  std::string text;
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  printer.PrintToString(scenario, &text);
  return text;
}

std::string ScenarioDigest(const pb::Scenario& scenario) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    scenario.SerializeToCodedStream(&coded);
  }
  return DigestOfBytes(bytes).Hex();
}

}  // namespace keepsim
