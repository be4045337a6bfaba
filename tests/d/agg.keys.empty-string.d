BEGIN { @[""] = count(); printa(@); exit(0); }
