BEGIN { @[(char)1, (short)2, 3, 4LL] = count(); printa(@); exit(0); }
