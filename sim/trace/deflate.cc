#include "sim/trace/deflate.h"

#include <libdeflate.h>
#include <zlib.h>

#include <memory>
#include <new>

#include "absl/strings/str_cat.h"
#include "sim/base/check.h"

namespace keepsim::trace_internal {

std::string Deflate(absl::string_view plain) {
  // Level 1, the fastest: higher ones save less than they take.
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(1), libdeflate_free_compressor);
  if (compressor == nullptr) throw std::bad_alloc();
  std::string deflated(libdeflate_zlib_compress_bound(compressor.get(), plain.size()), '\0');
  deflated.resize(libdeflate_zlib_compress(compressor.get(), plain.data(), plain.size(),
                                           deflated.data(), deflated.size()));
  SIM_CHECK(!deflated.empty());
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
