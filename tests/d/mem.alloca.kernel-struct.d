BEGIN { this->l = (struct list_head *)alloca(16); this->l->next = this->l; this->l->prev = this->l->next; printf("%d\n", this->l->prev == this->l); exit(0); }
