#!/bin/sh
# Runs its arguments from the runfiles folder; paths of the user stay the user's.
unset BUILD_WORKING_DIRECTORY
exec "$@"
