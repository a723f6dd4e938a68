"""Where the laws of a pair of models are asked for from a checkout: ``pytest suites/porting --pair FILE``.

The plugin makes their items for every ``--pair``, whichever files are named. The laws are in
:mod:`conformance.porting`.
"""
