"""The benchmark: `vtrace` against its peers on the same events, in the same run, as ratios that outlive the machine."""
