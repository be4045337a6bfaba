BEGIN { @[(char)1] = count(); @[257] = count(); printa(@); exit(0); }
