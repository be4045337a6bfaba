#pragma D option defaultargs
BEGIN { printf("[%d][%s][%s]\n", $1, $$1, $$3); exit(0); }
