// Whatever the bytes, loading and compiling a scenario ends with a plan or with reasons.
//
// The first byte chooses the format; the rest is the file. A file that compiles must compile again
// after it was written as text, which is what `keepsim` stores beside a result.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sim/scenario/compile.h"

namespace {

constexpr size_t kMaxBytes = 65536;

bool Compiles(const std::string& bytes, keepsim::ScenarioFormat format, std::string* as_text) {
  keepsim::Diagnostics diagnostics;
  const keepsim::LoadedScenario scenario = keepsim::LoadText(bytes, format, "input", diagnostics);
  if (diagnostics.ok()) (void)keepsim::Compile(scenario, diagnostics);
  if (diagnostics.ok()) {
    *as_text = keepsim::ToText(scenario.proto);
    return true;
  }
  for (const keepsim::Diagnostic& d : diagnostics.items()) {
    if (d.message.empty()) std::abort();
  }
  if (diagnostics.Render().empty()) std::abort();
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > kMaxBytes) return 0;
  constexpr keepsim::ScenarioFormat kFormats[] = {keepsim::ScenarioFormat::kText,
                                                  keepsim::ScenarioFormat::kJson,
                                                  keepsim::ScenarioFormat::kBinary};
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string text, again;
  if (!Compiles(bytes, kFormats[data[0] % 3], &text)) return 0;
  if (!Compiles(text, keepsim::ScenarioFormat::kText, &again) || again != text) std::abort();
  return 0;
}
