BEGIN { @[jstack("3")] = count(); }
