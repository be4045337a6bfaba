#pragma D attributes
BEGIN { exit(0); }
