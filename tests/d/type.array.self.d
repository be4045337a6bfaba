self short a[3]; BEGIN { self->a[1] = 70000; self->a[2] -= 1; } BEGIN { i = 1; printf("%d %d\n", self->a[i], self->a[i + 1]); exit(0); }
