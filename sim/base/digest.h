// The semantic digest: a 128-bit sum (mod 2^128) of one hash per record. Every record carries its
// own place in the canonical order (time, entity, counter), so the sum over the multiset of
// records says as much as a hash over their sequence, and it can be taken per cell, per thread,
// per shard or per machine and added up in any order (docs/adr/0004). Fields are folded as
// explicit integers, never as struct bytes.
#ifndef KEEPSIM_SIM_BASE_DIGEST_H_
#define KEEPSIM_SIM_BASE_DIGEST_H_

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

namespace keepsim {

class Digest {
 public:
  // Adds one record, given as five 64-bit words (see sim/trace/record.h for which).
  void Add(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3, uint64_t w4);  // inline, hot
  void Merge(const Digest& other);

  std::string Hex() const;  // 32 lower-case hex digits
  uint64_t hi() const { return hi_; }
  uint64_t lo() const { return lo_; }
  static Digest FromWords(uint64_t hi, uint64_t lo);
  friend bool operator==(const Digest&, const Digest&) = default;

 private:
  uint64_t hi_ = 0;
  uint64_t lo_ = 0;
};

// Of a text: its bytes with their places, and its length.
Digest DigestOfBytes(absl::string_view bytes);

}  // namespace keepsim

#include "sim/base/digest_inl.h"

#endif  // KEEPSIM_SIM_BASE_DIGEST_H_
