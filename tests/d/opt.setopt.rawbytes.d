struct text { char of[8]; };
struct text v;
BEGIN { v.of = "ABC"; trace(v); setopt("rawbytes"); }
BEGIN { trace(v); exit(0); }
