"""`python -m signage` is the same as `signage`."""

from signage.cli.app import main

main()
