struct o { char c; uint8_t u; }; translator struct o < int i > { c = i; u = i; }; BEGIN { x = 511; printf("%d %d\n", xlate <struct o> (x).c, xlate <struct o> (x).u); exit(0); }
