"""Tests of what hosts may forbid, and a distribution's kernel has. They are collected only in guests
(scripts/lib/guest-tests); elsewhere they are not skipped but not there."""

from __future__ import annotations

import os

collect_ignore_glob = [] if "VTRACE_STOCK_KERNEL" in os.environ else ["test_*"]
