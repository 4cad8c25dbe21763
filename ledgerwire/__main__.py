"""`ledgerwire` as a program, and `python -m ledgerwire`."""

from ledgerwire.cli import main

if __name__ == "__main__":
    main()
