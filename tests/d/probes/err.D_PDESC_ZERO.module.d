syscall:nosuchmodule:read:entry { exit(0); }
