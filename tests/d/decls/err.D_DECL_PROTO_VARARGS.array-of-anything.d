int x[...];
