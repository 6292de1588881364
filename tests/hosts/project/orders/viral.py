from viralcommerce import CNY, WHOLE, Campaign, Coupon, Grant, LuckySplit, Shop, days
from viralcommerce.hosts.django.store import django_store
from viralcommerce.mechanics import coupon_pack as pack

RAIN = Campaign(
    "rain-pack",
    pack.CouponPack(LuckySplit(CNY(60), parts=10, least=CNY(3)), open_for=days(1)),
    grants=Grant(Coupon(WHOLE, valid_for=days(7)), to=pack.GRABBER, on=pack.GRABBED),
    budget=CNY(130),
)
shop = Shop(django_store(), [RAIN])
