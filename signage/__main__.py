"""`python -m signage` is the same as `signage`."""

from signage.cli import main

main()
