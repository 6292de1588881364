"""``python -m viralcommerce`` is the command line."""

from viralcommerce.cli import main

main()
