/* A flag takes words; an empty value takes it back. */
#pragma D option quiet=Yes
#pragma D option aggsortrev=enabled
#pragma D option aggsortrev=off
#pragma D option aggsortkey=
BEGIN { @[1] = sum(2); @[2] = sum(1); printa("%d\n", @); exit(0); }
