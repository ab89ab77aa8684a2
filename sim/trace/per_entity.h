// State per client, made at its first record and given back at its last, so that memory is needed
// for the clients under way and not for the fleet.
#ifndef KEEPSIM_SIM_TRACE_PER_ENTITY_H_
#define KEEPSIM_SIM_TRACE_PER_ENTITY_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace keepsim {

template <typename State>
class PerEntity {
 public:
  // The state of `entity`. If it is not under way, one from before or a new one is handed out,
  // after start(state). References stay valid until Release().
  template <typename Start>
  State& Of(uint32_t entity, const Start& start) {
    if (current_ != nullptr && current_entity_ == entity) return *current_;
    const auto [place, added] = under_way_.try_emplace(entity, 0);
    if (added) {
      if (free_.empty()) {
        free_.push_back(static_cast<uint32_t>(states_.size()));
        states_.push_back(std::make_unique<State>());
      }
      place->second = free_.back();
      free_.pop_back();
      start(*states_[place->second]);
    }
    current_entity_ = entity;
    current_ = states_[place->second].get();
    return *current_;
  }

  void Release(uint32_t entity) {
    const auto place = under_way_.find(entity);
    if (place == under_way_.end()) return;
    free_.push_back(place->second);
    under_way_.erase(place);
    current_ = nullptr;
  }

  bool empty() const { return under_way_.empty(); }

  // Those under way, ascending.
  std::vector<uint32_t> Entities() const {
    std::vector<uint32_t> entities;
    for (const auto& [entity, index] : under_way_) entities.push_back(entity);
    std::sort(entities.begin(), entities.end());
    return entities;
  }

 private:
  std::vector<std::unique_ptr<State>> states_;
  std::vector<uint32_t> free_;
  absl::flat_hash_map<uint32_t, uint32_t> under_way_;  // entity to index in states_
  // The last one asked for: clients that are a cell each come one after another.
  State* current_ = nullptr;
  uint32_t current_entity_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_PER_ENTITY_H_
