BEGIN { @["b"] = count(); @["a"] = count(); @["B"] = count(); @["ab"] = count(); exit(0); }
