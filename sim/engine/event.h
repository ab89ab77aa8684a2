// A pending event: 32 plain bytes. Events are ordered by (time, class, entity, the entity's own
// counter): never by insertion order, thread or pointer (docs/adr/0001). Where events of several
// queues are merged those of one order go by their subject. The class says what wins a tie, as a
// stated rule of the model: ground truth first, then arrivals, then what the applications want,
// then transport timers, then session timers; so an arrival at the very instant of a deadline
// counts.
#ifndef KEEPSIM_SIM_ENGINE_EVENT_H_
#define KEEPSIM_SIM_ENGINE_EVENT_H_

#include <cstdint>

#include "sim/base/time.h"

namespace keepsim {

enum class EventClass : uint8_t {
  kTruth = 0,
  kArrival = 1,
  kWanted = 2,
  kTransportTimer = 3,
  kSessionTimer = 4,
};

// Whole words, so that an event is made in registers: bytes written one by one and read together
// make the processor wait.
struct Event {
  Instant at;
  uint64_t order = 0;  // EventOrder(): class, entity, counter
  // The order word may be permuted by a tie mode, so the entity is kept apart.
  uint64_t subject = 0;  // entity, kind (the world's own enumeration), arg
  uint64_t object = 0;   // what it is about

  uint32_t entity() const { return static_cast<uint32_t>(subject); }
  uint8_t kind() const { return static_cast<uint8_t>(subject >> 32); }
  uint8_t arg() const { return static_cast<uint8_t>(subject >> 40); }
  uint32_t index() const { return static_cast<uint32_t>(object); }  // connection, flight, fault ...
  // Generation of what the index names; 0 where that cannot be used again.
  uint32_t number() const { return static_cast<uint32_t>(object >> 32); }
};
static_assert(sizeof(Event) == 32);

// 4 bits of class, 28 of entity, 32 of the entity's own counter.
constexpr uint64_t EventOrder(EventClass c, uint32_t entity, uint32_t counter) {
  return static_cast<uint64_t>(c) << 60 | static_cast<uint64_t>(entity & 0x0FFFFFFF) << 32 |
         counter;
}

constexpr uint64_t EventSubject(uint32_t entity, uint8_t kind, uint8_t arg = 0) {
  return uint64_t{arg} << 40 | uint64_t{kind} << 32 | entity;
}
constexpr uint64_t EventObject(uint32_t index, uint32_t number = 0) {
  return uint64_t{number} << 32 | index;
}

constexpr bool Before(const Event& x, const Event& y) {
  if (x.at != y.at) return x.at < y.at;
  return x.order != y.order ? x.order < y.order : x.subject < y.subject;
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_ENGINE_EVENT_H_
