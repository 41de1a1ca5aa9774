"""`python -m fastgd`: the command line, in a process of its own."""

import os
import sys

# The commands write pictures to files and never open a window. Only this process is told so: a program that imports
# fastgd keeps its own choice. Whatever was set before may not work here, such as a notebook's inline drawing.
os.environ["MPLBACKEND"] = "agg"

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
