/*
 * question: who takes page faults, and of which kind?
 * output:   a row for each process and kind of access
 * filter:   rawtp:::page_fault_user
 * needs:    a kernel whose architecture has exceptions:page_fault_user (x86)
 * example:  -c 'ls -l /usr/bin' --top 5
 * key:      pid    pid          number process
 * key:      comm   execname     text   command
 * key:      access this->access text   read, write or fetch (of an instruction)
 * key:      why    this->why    text   missing (nothing is mapped there yet) or protected (a shared page is written to)
 * value:    faults number       how many
 */
#pragma D option quiet

/* Bits of the error code: 1 the page is there, 2 a write, 16 an instruction. */
rawtp:::page_fault_user
{
	this->access = args[2] & 2 ? "write" : args[2] & 16 ? "fetch" : "read";
	this->why = args[2] & 1 ? "protected" : "missing";
	@faults[pid, execname, this->access, this->why] = count();
}
