// Tells every golden document anew, in the user's workspace.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/golden/document.h"

int main() {
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace == nullptr) {
    std::fprintf(stderr, "use bazel run //tests/golden:update\n");
    return 2;
  }
  int failures = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(workspace) + "/tests/golden")) {
    if (entry.path().extension() != ".md" || entry.path().filename() == "README.md") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    const auto retold = keepsim::Retold(text.str());
    const std::string name = entry.path().filename().string();
    if (!retold.ok()) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), retold.status().ToString().c_str());
      ++failures;
    } else if (*retold != text.str()) {
      std::ofstream(entry.path(), std::ios::binary) << *retold;
      std::printf("%s: told anew\n", name.c_str());
    }
  }
  return failures == 0 ? 0 : 1;
}
