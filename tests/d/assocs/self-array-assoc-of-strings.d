BEGIN { self->m["a"] = "b"; self->m[self->m["a"]] = "c"; printf("%s %s\n", self->m["b"], self->m["zz"]); exit(0); }
