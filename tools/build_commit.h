// The commit that this program was built from, "+" added if files differed from it; "" if the
// build was not stamped (bazel --stamp; `bazel run` does it).
#ifndef KEEPSIM_TOOLS_BUILD_COMMIT_H_
#define KEEPSIM_TOOLS_BUILD_COMMIT_H_

namespace keepsim {

extern const char kBuildCommit[];

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_BUILD_COMMIT_H_
