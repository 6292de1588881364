"""Analysis, away from any running shop: share trees by the million, K with error bars, schemes.

What works on arrays needs the extra ``lab`` (``pip install viralcommerce[lab]``), which is NumPy;
nothing else in the library does.
"""
