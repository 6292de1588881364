"""How the manual is built: MyST pages, Furo's look, every warning an error."""

import importlib.metadata

project = "viralcommerce"
author = "the viralcommerce authors"
copyright = f"2026, {author}"
release = version = importlib.metadata.version("viralcommerce")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"viralcommerce {version}"
html_show_sourcelink = False

# Pages may link to any heading of another page: [gaps](concepts.md#what-must-hold).
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

# Docstrings name things in single backticks, and have sections of their own.
default_role = "code"
napoleon_custom_sections = ["Laws"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
