"""``manage.py viral_tick shop.viral.shop``: act on every deadline that has come; for cron."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.module_loading import import_string

from viralcommerce.errors import LeftOut
from viralcommerce.runtime.shop import Shop


class Command(BaseCommand):
    """Acts on deadlines."""

    help = "Acts on every deadline of a shop's campaigns that has come."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which shop, and how much at once."""
        parser.add_argument(
            "shop", help="where the shop is: a dotted name, as in orders.viral.shop"
        )
        parser.add_argument("--limit", type=int, default=1000, help="how many at most; 1000")

    def handle(self, *args: Any, shop: str, limit: int, **options: Any) -> None:
        """Tick once, and say how many were acted on."""
        try:
            found = import_string(shop)
        except ImportError as error:
            raise CommandError(f"{shop}: {error}; give the dotted name of a Shop") from error
        if not isinstance(found, Shop):
            raise CommandError(f"{shop}: {found!r:.80} is no Shop; give the dotted name of one")
        try:
            acted = found.tick(limit=limit)
        except LeftOut as error:
            self.stdout.write(f"{error.acted} acted on")
            raise CommandError(error.message) from error
        self.stdout.write(f"{acted} acted on")
