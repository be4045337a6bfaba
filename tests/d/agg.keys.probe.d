BEGIN { @[probename, probeprov] = count(); printa("%s %s %@d\n", @); exit(0); }
