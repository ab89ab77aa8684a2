#ifndef KEEPSIM_SIM_BASE_RANDOM_INL_H_
#define KEEPSIM_SIM_BASE_RANDOM_INL_H_

#include <Random123/philox.h>

namespace keepsim {

inline RandomBlock RandomSource::Block(Purpose purpose, uint64_t index) const {
  const r123::Philox4x32::ctr_type counter = {{static_cast<uint32_t>(index),
                                               static_cast<uint32_t>(index >> 32), index_,
                                               static_cast<uint32_t>(purpose)}};
  const r123::Philox4x32::key_type key = {
      {static_cast<uint32_t>(key_), static_cast<uint32_t>(key_ >> 32)}};
  const r123::Philox4x32::ctr_type r = r123::Philox4x32()(counter, key);
  return {{r[0], r[1], r[2], r[3]}};
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_RANDOM_INL_H_
