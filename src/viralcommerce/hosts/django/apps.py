"""What Django shall know of the app."""

from __future__ import annotations

from django.apps import AppConfig


class ViralConfig(AppConfig):
    """The app, without models."""

    name = "viralcommerce.hosts.django"
    label = "viral"
    verbose_name = "viral campaigns"
