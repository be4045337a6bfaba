BEGIN { @a[1, 1] = count(); @b[1, "x"] = count(); printa("%d", @a, @b); }
