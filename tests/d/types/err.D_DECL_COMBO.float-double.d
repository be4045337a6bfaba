float double d;
