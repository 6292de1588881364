"""The pytest plugin that a host project gets by having viralcommerce installed.

It lies outside the package because pytest imports the plugins of every installed distribution in
every project: this module must cost nothing there. Fixtures import what they need when they are
used, never at the top of this file.
"""
