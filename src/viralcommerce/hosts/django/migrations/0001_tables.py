"""The tables, in the form that they have today."""

from __future__ import annotations

from django.db import migrations

from viralcommerce.hosts.django.operations import MakeTables


class Migration(migrations.Migration):
    """One for each version of the tables."""

    initial = True
    operations = (MakeTables(1),)
