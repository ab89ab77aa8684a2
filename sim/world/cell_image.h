// A cell as it stands at an instant: what has to be kept of it so that it goes on the same.
#ifndef KEEPSIM_SIM_WORLD_CELL_IMAGE_H_
#define KEEPSIM_SIM_WORLD_CELL_IMAGE_H_

#include <utility>
#include <vector>

#include "sim/world/cell.h"

namespace keepsim {

struct Cell::Image {
  Instant at;                  // up to when everything has happened
  Instant now;                 // of the last event, not after `at`
  std::vector<Event> pending;  // in order
  uint32_t first_entity = 1;
  std::vector<Host> hosts;
  std::vector<Identity> identities;
  std::vector<uint32_t> identity_owner;
  // Those in use, by their places; which of the other places are taken next.
  uint32_t connection_places = 0;
  std::vector<std::pair<uint32_t, Connection>> connections;
  std::vector<uint32_t> free_connections;
  uint32_t flight_places = 0;
  std::vector<std::pair<uint32_t, Flight>> flights;
  std::vector<uint32_t> free_flights;
  std::vector<ToldTcp> told_tcp;

  uint32_t broker_event_counter = 0;
  uint32_t broker_down = 0, broker_dark = 0, broker_stalled = 0;
  int32_t accept_per_second = 0;
  std::vector<uint32_t> limits;
  BrokerQueues queues;
  Fifo<WorkItem> work;
  std::vector<Instant> wills;
  std::vector<uint32_t> free_wills;
  uint32_t generation = 0;
  uint64_t events = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_WORLD_CELL_IMAGE_H_
