BEGIN { @a = min(0x8000000000000000); @b = max(0x7fffffffffffffff); printa(@a, @b); exit(0); }
