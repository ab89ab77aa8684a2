// Writes the reference pages into the tree: bazel run //tools/docs:schema_reference
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tools/docs/reference.h"

int main() {
  const char* const root = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (root == nullptr) {
    std::fprintf(stderr, "schema_reference: start it with %s\n", keepsim::kReferenceCommand);
    return 2;
  }
  for (const keepsim::Reference& reference : keepsim::References()) {
    const absl::StatusOr<keepsim::Schema> schema = keepsim::Schema::Read(reference);
    if (!schema.ok()) {
      std::fprintf(stderr, "schema_reference: %s\n",
                   std::string(schema.status().message()).c_str());
      return 1;
    }
    const std::string path = absl::StrCat(root, "/", reference.page);
    std::ofstream file(path, std::ios::binary);
    file << schema->Page();
    file.close();
    if (!file) {
      std::fprintf(stderr, "schema_reference: %s cannot be written\n", path.c_str());
      return 1;
    }
    std::printf("%s\n", path.c_str());
  }
  return 0;
}
