/* A double quote needs no escape between single ones. */
BEGIN { printf("%d\n", '"'); exit(0); }
