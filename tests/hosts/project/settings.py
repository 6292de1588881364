"""A small shop: one model of its own, and our app."""

import json
import os
import sys

if "WITHOUT_PSYCOPG_3" in os.environ:  # else Django prefers it to psycopg 2
    sys.modules["psycopg"] = None

SECRET_KEY = "not a secret"
INSTALLED_APPS = ["orders", "viralcommerce.hosts.django"]
DATABASES = {"default": json.loads(os.environ["DATABASE"])}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
