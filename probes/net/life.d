/*
 * question: which TCP connections come and go, how long do they last, and what do they carry?
 * output:   a line for each connection, when it is closed
 * filter:   rawtp:::inet_sock_set_state
 * example:  --duration 2
 * column:   time     time     when it was closed
 * column:   pid      number   process that connected; of accepted ones the process that closed
 * column:   comm     text     its command
 * column:   local    number   port here
 * column:   port     number   port of the other side
 * column:   sent     bytes    bytes the other side has acknowledged
 * column:   received bytes    bytes that came
 * column:   lasted   duration from being established to its end
 * column:   address  text     of the other side
 */
#pragma D option quiet
#pragma D option dynvarsize=16m

uint64_t since[uint64_t];
int owner[uint64_t];
string name[uint64_t];

/* 2 SYN_SENT: in whoever connects; 4 FIN_WAIT1 and 9 LAST_ACK: in whoever closes. */
rawtp:::inet_sock_set_state
/(args[2] == 2 || ((args[2] == 4 || args[2] == 9) && !owner[(uint64_t)args[0]])) && args[0]->sk_protocol == 6/
{
	owner[(uint64_t)args[0]] = pid;
	name[(uint64_t)args[0]] = execname;
}

/* 1 ESTABLISHED, 7 CLOSE: in whatever is interrupted by the packet. */
rawtp:*::inet_sock_set_state
/args[2] == 1 && args[0]->sk_protocol == 6/
{
	since[(uint64_t)args[0]] = timestamp;
}

rawtp:*::inet_sock_set_state
/args[2] == 7 && since[(uint64_t)args[0]] && owner[(uint64_t)args[0]]/
{
	this->sock = args[0];
	this->tcp = (struct tcp_sock *)args[0];
	this->shown = this->sock->__sk_common.skc_family == 2 ? inet_ntop(2, &this->sock->__sk_common.skc_daddr) :
	    inet_ntop(10, &this->sock->__sk_common.skc_v6_daddr);
	printf("%d %d %s %d %d %d %d %d %s\n", walltimestamp, owner[(uint64_t)args[0]], name[(uint64_t)args[0]],
	    ntohs(((struct inet_sock *)args[0])->inet_sport), ntohs(this->sock->__sk_common.skc_dport), this->tcp->bytes_acked,
	    this->tcp->bytes_received, timestamp - since[(uint64_t)args[0]], this->shown);
}

rawtp:*::inet_sock_set_state
/args[2] == 7/
{
	since[(uint64_t)args[0]] = 0;
	owner[(uint64_t)args[0]] = 0;
	name[(uint64_t)args[0]] = 0;
}
