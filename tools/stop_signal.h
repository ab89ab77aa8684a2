// Being asked to stop: Ctrl-C and what a scheduler sends.
#ifndef KEEPSIM_TOOLS_STOP_SIGNAL_H_
#define KEEPSIM_TOOLS_STOP_SIGNAL_H_

#include <atomic>

namespace keepsim {

// Set by Ctrl-C and SIGTERM from now on; a file that may not grow is an error like a full disk, and
// no reason to be killed.
const std::atomic<bool>* CatchSignals();
// They end the program again.
void LetSignalsEnd();

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_STOP_SIGNAL_H_
