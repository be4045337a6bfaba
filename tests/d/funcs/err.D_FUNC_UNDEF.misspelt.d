BEGIN { trace(strlne("x")); }
