// A golden document: Markdown with a scenario, the transcript of its run and the run's digest, in
// fenced blocks. What stands around them tells the story.
#ifndef KEEPSIM_TESTS_GOLDEN_DOCUMENT_H_
#define KEEPSIM_TESTS_GOLDEN_DOCUMENT_H_

#include <string>

#include "absl/status/statusor.h"

namespace keepsim {

// The document with transcript and digest as the present engine gives them: all records, packet
// level included, and every declaration with its verdict. InvalidArgument if a block is missing or
// the scenario has errors.
absl::StatusOr<std::string> Retold(const std::string& document);

}  // namespace keepsim

#endif  // KEEPSIM_TESTS_GOLDEN_DOCUMENT_H_
