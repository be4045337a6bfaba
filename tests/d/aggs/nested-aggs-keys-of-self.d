self string who;
BEGIN { self->who = "me"; @[self->who, 3] = count(); printa("%s %d %@d\n", @); exit(0); }
