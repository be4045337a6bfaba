BEGIN { bcopy(alloca(8), alloca(8)); }
