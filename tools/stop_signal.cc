#include "tools/stop_signal.h"

#include <csignal>

namespace keepsim {
namespace {

std::atomic<bool> stopped{false};
void OnSignal(int) { stopped = true; }

}  // namespace

const std::atomic<bool>* CatchSignals() {
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  return &stopped;
}

void LetSignalsEnd() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace keepsim
