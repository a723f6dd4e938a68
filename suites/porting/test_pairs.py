"""The laws of ``suites/porting`` as test items, for the pair files that ``--pair`` names."""

from conformance.porting.items import Pairs

pairs = Pairs()
