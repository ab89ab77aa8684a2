"""The tree obeys tools/lint.py.

The rules are about every file, so this test looks at the source tree itself (it is local and
never cached) and not at a sandbox's copy of what its data names.
"""

import os
import sys

from tools import lint

here = os.path.join(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])
root = os.path.dirname(os.path.realpath(os.path.join(here, "WORKSPACE")))
assert os.path.isfile(os.path.join(root, "tools/lint.py")), root
assert len(lint.tree_files(root)) > 50, "the test does not see the tree"
sys.exit(lint.main(["lint", root]))
