struct out { int lo; int hi; };
translator struct out < int v > { lo = v & 0xff; hi = v >> 8; };
BEGIN { i = 0x1234; printf("%x %x\n", xlate < struct out > (i).lo, xlate < struct out > (i).hi); exit(0); }
