"""A Django app: the tables by ``migrate``, a store on Django's own connections, a ticker.

Put ``"viralcommerce.hosts.django"`` into ``INSTALLED_APPS``; it has no models.
"""
