// Whatever the bytes, loading and compiling a scenario ends with a plan or with reasons.
//
// The first byte chooses the format; the rest is the file. What compiles must be the same after it
// was written as text and as bytes, or a stored result could not be run again.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "sim/scenario/compile.h"

namespace {

using keepsim::ScenarioFormat;

constexpr size_t kMaxBytes = 65536;

struct Result {
  bool compiles;
  std::string errors;
  keepsim::pb::Scenario proto;
};

Result Read(const std::string& bytes, ScenarioFormat format) {
  keepsim::Diagnostics diagnostics;
  const keepsim::LoadedScenario scenario = keepsim::LoadText(bytes, format, "input", diagnostics);
  if (diagnostics.ok()) (void)keepsim::Compile(scenario, diagnostics);
  for (const keepsim::Diagnostic& d : diagnostics.items()) {
    if (d.message.empty()) std::abort();
  }
  return {diagnostics.ok(), diagnostics.Render(), scenario.proto};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > kMaxBytes) return 0;
  constexpr ScenarioFormat kFormats[] = {ScenarioFormat::kText, ScenarioFormat::kJson,
                                         ScenarioFormat::kBinary};
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Result first = Read(bytes, kFormats[data[0] % 3]);
  if (!first.compiles) {
    if (first.errors.empty()) std::abort();
    return 0;
  }
  const std::string text = keepsim::ToText(first.proto);
  const std::string binary = first.proto.SerializeAsString();
  for (const auto& [written, format] :
       {std::pair(text, ScenarioFormat::kText), std::pair(binary, ScenarioFormat::kBinary)}) {
    const Result again = Read(written, format);
    if (again.compiles && keepsim::ToText(again.proto) == text) continue;
    std::fprintf(stderr, "%s\nafter writing in format %d:\n%s\n", again.errors.c_str(),
                 static_cast<int>(format), text.c_str());
    std::abort();
  }
  return 0;
}
