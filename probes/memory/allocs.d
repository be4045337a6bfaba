/*
 * question: how large are the pieces of memory that a program asks the C library for?
 * output:   a histogram of bytes for each function; -p or -c tells which process
 * needs:    a process that uses the C library's malloc (a program that brings its own has other functions)
 * example:  -c 'ls /usr/bin/zz'
 * key:      function probefunc text function
 * value:    size     bytes     asked for
 */
#pragma D option quiet

pid$target:libc:malloc:entry
{
	@size[probefunc] = quantize(arg0);
}

pid$target:libc:calloc:entry
{
	@size[probefunc] = quantize(arg0 * arg1);
}

pid$target:libc:realloc:entry
{
	@size[probefunc] = quantize(arg1);
}
