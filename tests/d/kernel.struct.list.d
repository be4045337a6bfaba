/* struct list_head: two pointers. */
struct list_head l;
BEGIN { printf("%d %d %d\n", sizeof (l), offsetof(struct list_head, prev), l.next == NULL); exit(0); }
