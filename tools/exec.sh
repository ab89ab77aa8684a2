#!/bin/sh
# exec.sh KEEPSIM COMMAND FILE ARGUMENT...: runs it from the runfiles folder. Under `bazel run` the
# file is the one in the tree, and relative paths in further arguments are the user's.
if [ -n "${BUILD_WORKING_DIRECTORY:-}" ]; then
  keepsim="$PWD/$1" command="$2" file="$PWD/$3"
  if [ -e "${BUILD_WORKSPACE_DIRECTORY:-}/$3" ]; then
    file="$BUILD_WORKSPACE_DIRECTORY/$3"
  fi
  shift 3
  exec "$keepsim" "$command" "$file" "$@"
fi
exec "$@"
