#pragma D option libdir=/x
BEGIN { }
