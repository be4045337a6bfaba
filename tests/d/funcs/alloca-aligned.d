BEGIN { this->a = (long)alloca(1); this->b = (long)alloca(1); printf("%d %d\n", this->b - this->a, this->a % 8); exit(0); }
