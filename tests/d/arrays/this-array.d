this int a[4];
BEGIN { this->a[3] = 9; this->a[0] = this->a[3] + 1; printf("%d %d %d\n", this->a[0], this->a[1], this->a[3]); }
BEGIN { printf("%d\n", this->a[3]); exit(0); }
