BEGIN { @a["k"] = min(5); @a["k"] = min(9); @b["k"] = max(5); @b["k"] = max(9); @a["l"] = min(-1); exit(0); }
