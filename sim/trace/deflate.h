// Columns in zlib's format (RFC 1950, 1951); inside sim/trace only. libdeflate writes them, in less
// than half of the time that zlib takes; zlib reads them, within bounds.
#ifndef KEEPSIM_SIM_TRACE_DEFLATE_H_
#define KEEPSIM_SIM_TRACE_DEFLATE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace keepsim::trace_internal {

std::string Deflate(absl::string_view plain);

// InvalidArgument if the stated size is above `most`, which bounds the memory taken whatever the
// bytes are, or if they do not inflate to exactly that size.
absl::Status Inflate(absl::string_view deflated, uint32_t size, uint32_t most, std::string* plain);

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_DEFLATE_H_
