"""`python -m tests.simulation --seeds 1-500`: play seeds; the first that differs ends it.

Exit code 0: all of them agreed. 1: one did not; its seed, its problems and its trace are printed.
"""

import sys

from tests.simulation import determinism

if not determinism.hashes_are_fixed():
    determinism.restart_with_fixed_hashes()
determinism.install()

from tests.simulation.command import main  # noqa: E402  # the clocks had to be replaced first

sys.exit(main(sys.argv[1:]))
