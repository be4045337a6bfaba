BEGIN { k = "key"; a[k] = 1; k = "other"; printf("%d %d %d\n", a["key"], a[k], a[strjoin("k", "ey")]); exit(0); }
