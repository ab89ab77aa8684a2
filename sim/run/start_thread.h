// Threads that a machine may have no room for.
#ifndef KEEPSIM_SIM_RUN_START_THREAD_H_
#define KEEPSIM_SIM_RUN_START_THREAD_H_

#include <system_error>
#include <thread>
#include <vector>

namespace keepsim {

// Adds a thread to the pool; false if there is no room for its stack.
template <typename Body>
bool StartThread(const Body& body, std::vector<std::thread>* pool) {
  try {
    pool->emplace_back(body);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_START_THREAD_H_
