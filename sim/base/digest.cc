#include "sim/base/digest.h"

#include "absl/strings/str_format.h"

namespace keepsim {

std::string Digest::Hex() const { return absl::StrFormat("%016x%016x", hi_, lo_); }

}  // namespace keepsim
