/*
 * question: how often does node collect garbage, and for how long does that stop it?
 * output:   a line for each collection, when it is over; -p or -c tells which process
 * needs:    a node (18 or newer) with the names of V8's functions, as distributions' and node's own builds have them
 * example:  -c 'node -e "const kept = []; for (let i = 0; i < 1e6; i++) kept.push({i})"'
 * column:   time time     when it was over
 * column:   pid  number   process
 * column:   comm text     command
 * column:   kind text     young: what was made lately; full: everything
 * column:   took duration from its start to its end
 *
 * What V8 does beside JavaScript, in other threads or a piece at a time, stops nothing and is not in it.
 */
#pragma D option quiet

/* V8's enum GarbageCollector is SCAVENGER, MARK_COMPACTOR, and one for young objects again. */
pid$target:*node*:_ZN2v88internal4Heap24PerformGarbageCollectionE*:entry
{
	self->full = arg1 == 1;
	self->since = timestamp;
}

pid$target:*node*:_ZN2v88internal4Heap24PerformGarbageCollectionE*:return
/self->since/
{
	printf("%d %d %s %s %d\n", walltimestamp, pid, execname, self->full ? "full" : "young", timestamp - self->since);
	self->since = 0;
}
