// Early return on an error Status.
#ifndef KEEPSIM_SIM_BASE_STATUS_MACROS_H_
#define KEEPSIM_SIM_BASE_STATUS_MACROS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define KEEPSIM_RETURN_IF_ERROR(expression)                                   \
  do {                                                                        \
    if (::absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

#define KEEPSIM_CONCAT_(a, b) a##b
#define KEEPSIM_CONCAT(a, b) KEEPSIM_CONCAT_(a, b)
#define KEEPSIM_ASSIGN_OR_RETURN_(tmp, lhs, expression) \
  auto tmp = (expression);                              \
  if (!tmp.ok()) return tmp.status();                   \
  lhs = *std::move(tmp)
#define KEEPSIM_ASSIGN_OR_RETURN(lhs, expression) \
  KEEPSIM_ASSIGN_OR_RETURN_(KEEPSIM_CONCAT(status_or_, __LINE__), lhs, expression)

#endif  // KEEPSIM_SIM_BASE_STATUS_MACROS_H_
