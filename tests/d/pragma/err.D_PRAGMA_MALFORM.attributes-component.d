#pragma D attributes Stable/Stable/Common provider dtrace nosuch
BEGIN { exit(0); }
