/* nothing to trace */
END { }
