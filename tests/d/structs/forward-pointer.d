struct node; 
struct list { struct node *head; int n; };
struct node { int v; struct node *next; };
BEGIN { this->n = (struct node *)alloca(sizeof (struct node)); this->n->v = 4; this->l = (struct list *)alloca(sizeof (struct list)); this->l->head = this->n; printf("%d %d\n", this->l->head->v, this->l->head->next == NULL); exit(0); }
