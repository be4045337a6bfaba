this int a[3]; BEGIN { this->a[2] = 4; i = 2; this->a[i]++; printf("%d %d\n", this->a[2], this->a[0]); } BEGIN { printf("%d\n", this->a[2]); exit(0); }
