"""In Django's own test cases: plain `TestCase`, where every test is rolled back."""

import threading
from datetime import datetime, timedelta
from io import StringIO

from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from orders.models import Order
from orders.viral import RAIN, shop
from viralcommerce import Accepted, Refused, Shop
from viralcommerce.errors import InvalidValue, RetryTransaction
from viralcommerce.mechanics import coupon_pack as pack
from viralcommerce.runtime.audit import audit
from viralcommerce.runtime.gathering import Gathering
from viralcommerce.testing import FakeIssuer

SHARE = pack.Share(pack="p", by="ann", key="share")


def grab(by: str) -> pack.Grab:
    return pack.Grab(pack="p", by=by, key=by)


class Plain(TestCase):
    def test_it_begins_with_nothing(self) -> None:
        self.assertEqual(list(shop.store.journal("rain-pack")), [])
        self.assertIsInstance(shop.handle(RAIN, SHARE), Accepted)
        self.assertEqual(len(list(shop.store.journal("rain-pack"))), 1)

    def test_it_begins_with_nothing_again(self) -> None:
        self.test_it_begins_with_nothing()

    def test_order_and_award_commit_together(self) -> None:
        shop.handle(RAIN, SHARE)
        with transaction.atomic():
            Order.objects.create(number="o1", buyer="bob")
            self.assertIsInstance(shop.handle(RAIN, grab("bob")), Accepted)
        self.assertEqual(Order.objects.count(), 1)
        self.assertEqual(len(shop.views.wallet("bob", at=soon())), 1)
        self.assertTrue(audit(shop.store).is_clean)

    def test_order_and_award_are_rolled_back_together(self) -> None:
        shop.handle(RAIN, SHARE)
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            Order.objects.create(number="o1", buyer="bob")
            self.assertIsInstance(shop.handle(RAIN, grab("bob")), Accepted)
            raise ZeroDivisionError
        self.assertEqual(Order.objects.count(), 0)
        self.assertEqual(len(list(shop.store.journal("rain-pack"))), 1)
        self.assertIsInstance(shop.handle(RAIN, grab("bob")), Accepted)
        self.assertTrue(audit(shop.store).is_clean)

    def test_the_shop_within_the_connection_is_the_same(self) -> None:
        joined = shop.within(connection)
        self.assertIsInstance(joined.handle(RAIN, SHARE), Accepted)
        self.assertIsInstance(shop.handle(RAIN, grab("bob")), Accepted)
        self.assertIsInstance(joined.handle(RAIN, grab("bob")), Accepted)
        self.assertEqual(len(list(shop.store.journal("rain-pack"))), 2)

    def test_a_budget_that_is_short_is_a_refusal(self) -> None:
        said = [shop.handle(RAIN, pack.Share(pack=one, by="ann", key=one)) for one in "pqr"]
        self.assertEqual([type(one) for one in said], [Accepted, Accepted, Refused])
        Order.objects.create(number="o1", buyer="bob")
        self.assertTrue(audit(shop.store).is_clean)

    def test_a_transaction_is_nobody_elses_so_nothing_is_gathered(self) -> None:
        with self.assertRaisesRegex(InvalidValue, "gathers"):
            Shop(shop.store, [RAIN], gathers=Gathering())

    def test_batches_and_ticks(self) -> None:
        shop.handle(RAIN, SHARE)
        outcomes = shop.handle_many(RAIN, [grab(f"m{number}") for number in range(12)])
        self.assertEqual(sum(isinstance(one, Accepted) for one in outcomes), 10)
        shop.handle(RAIN, pack.Share(pack="q", by="ann", key="q"))
        said = StringIO()
        call_command("viral_tick", "orders.viral.shop", stdout=said)
        self.assertIn("acted on", said.getvalue())
        self.assertTrue(audit(shop.store).is_clean)

    def test_awards_are_delivered_and_members_forgotten(self) -> None:
        deliver_and_forget(self, "q1")

    def test_a_name_that_is_no_shop_is_told_so(self) -> None:
        for name in ("orders.viral.RAIN", "orders.viral.nothing", "nowhere.at.all"):
            with self.assertRaises(CommandError):
                call_command("viral_tick", name)

    def test_a_transaction_that_django_will_roll_back_is_told_to_begin_again(self) -> None:
        Order.objects.create(number="o1", buyer="bob")
        with self.assertRaises(DatabaseError), transaction.atomic():
            try:
                with transaction.atomic(savepoint=False):
                    Order.objects.create(number="o1", buyer="twin")
            except DatabaseError:
                with self.assertRaises(RetryTransaction):
                    shop.handle(RAIN, SHARE)
                raise
        self.assertIsInstance(shop.handle(RAIN, SHARE), Accepted)


def deliver_and_forget(case: TransactionTestCase, name: str) -> None:
    issuer = FakeIssuer()
    issuing = Shop(shop.store, [RAIN], issuer=issuer)
    issuing.handle(RAIN, pack.Share(pack=name, by="ann", key=name))
    issuing.handle(RAIN, pack.Grab(pack=name, by="bob", key=f"{name} bob"))
    issuing.deliver()
    case.assertEqual([award.to for award in issuer.issued], ["bob"])
    case.assertEqual(issuing.deliver().delivered, 0)
    issuing.forget("bob")
    case.assertEqual(list(shop.store.awards("bob")), [])
    case.assertIsInstance(issuing.handle(RAIN, pack.Grab(pack=name, by="bob")), Refused)
    issuing.set_stage(RAIN, "paused", by="olga", why="to see")
    case.assertEqual(issuing.stage(RAIN).stage, "paused")
    issuing.set_stage(RAIN, "live", by="olga", why="seen")
    case.assertTrue(audit(shop.store).is_clean)


def soon() -> datetime:
    return timezone.now() + timedelta(minutes=1)


class OutsideOfBlocks(TransactionTestCase):
    """Here a command has a transaction of its own."""

    def test_awards_are_delivered_and_members_forgotten(self) -> None:
        deliver_and_forget(self, "q2")
        self.assertFalse(connection.in_atomic_block)

    def test_it_commits_by_itself(self) -> None:
        name = "outside"
        shop.handle(RAIN, pack.Share(pack=name, by="ann", key=name))
        found = []
        thread = threading.Thread(target=lambda: found.append(look(name)))
        thread.start()
        thread.join()
        self.assertEqual(found, [True])
        with self.assertRaises(RetryTransaction):
            shop.within(connection).handle(RAIN, pack.Share(pack="q", by="ann", key="q"))
        self.assertTrue(audit(shop.store).is_clean)
        self.assertFalse(connection.in_atomic_block)


class LostConnections(TransactionTestCase):
    """The server ends a connection of Django's that idles."""

    def setUp(self) -> None:
        if connection.vendor != "postgresql":
            self.skipTest("there is no server to lose")

    def test_outside_of_blocks_nobody_notices(self) -> None:
        stranger = pack.Grab(pack="nobody's", by="bob")
        for verb in (
            lambda: self.assertEqual(list(shop.views.parts("bob")), []),
            lambda: list(shop.store.journal("rain-pack")),
            shop.tick,
            lambda: self.assertIsInstance(shop.handle(RAIN, stranger), Refused),
            lambda: shop.forget("zoe"),
        ):
            lose_the_connection()
            verb()

    def test_inside_of_a_block_the_hosts_transaction_is_lost_too(self) -> None:
        with self.assertRaises(RetryTransaction), transaction.atomic():
            Order.objects.create(number="o1", buyer="bob")
            lose_the_connection()
            try:
                shop.views.parts("bob")
            finally:
                self.assertTrue(connection.errors_occurred)
        self.assertEqual(Order.objects.count(), 0)
        self.assertEqual(list(shop.views.parts("bob")), [])


def lose_the_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        (pid,) = cursor.fetchone()
    thread = threading.Thread(target=lambda: end(pid))
    thread.start()
    thread.join()


def end(pid: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s, 5000)", [pid])
    finally:
        connection.close()


def look(name: str) -> bool:
    try:
        return shop.store.cell("rain-pack", name) is not None
    finally:
        connection.close()
