#pragma D option aggsortrev
BEGIN { @["a"] = sum(1); @["b"] = sum(2); printa("%s", @); printf("\n"); exit(0); }
