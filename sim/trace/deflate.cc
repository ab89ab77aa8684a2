#include "sim/trace/deflate.h"

#include <zlib.h>

#include "absl/strings/str_cat.h"
#include "sim/base/check.h"

namespace keepsim::trace_internal {

std::string Deflate(absl::string_view plain) {
  uLongf size = compressBound(plain.size());
  std::string deflated(size, '\0');
  // Level 1: a third of the time of the default for a few per cent more bytes.
  const int result =
      compress2(reinterpret_cast<Bytef*>(deflated.data()), &size,
                reinterpret_cast<const Bytef*>(plain.data()), plain.size(), Z_BEST_SPEED);
  SIM_CHECK(result == Z_OK);
  deflated.resize(size);
  return deflated;
}

absl::Status Inflate(absl::string_view deflated, uint32_t size, uint32_t most, std::string* plain) {
  if (size > most) {
    return absl::InvalidArgumentError(absl::StrCat("columns of ", size, " bytes"));
  }
  plain->assign(size, '\0');
  uLongf inflated = size;
  if (uncompress(reinterpret_cast<Bytef*>(plain->data()), &inflated,
                 reinterpret_cast<const Bytef*>(deflated.data()), deflated.size()) != Z_OK ||
      inflated != size) {
    return absl::InvalidArgumentError("the columns do not inflate to their stated size");
  }
  return absl::OkStatus();
}

}  // namespace keepsim::trace_internal
