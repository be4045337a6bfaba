/* Several characters make one integer, the first in the highest byte. */
BEGIN { printf("%x %x %x\n", 'ab', 'abc', 'abcd'); exit(0); }
