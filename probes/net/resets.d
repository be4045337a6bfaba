/*
 * question: which TCP connections are refused or broken off by the other side?
 * output:   a line for each reset that comes
 * example:  --duration 2
 * column:   time    time   when
 * column:   state   number of the connection: 1 established, 2 syn sent, 4 and 5 fin wait, 8 close wait, 9 last ack
 * column:   local   number port here
 * column:   port    number port of the other side
 * column:   address text   of the other side
 *
 * It happens in a timer or in a packet's interrupt: whose connection it is cannot be told, and so not be chosen.
 */
#pragma D option quiet

rawtp:::tcp_receive_reset
{
	this->sock = args[0];
	this->shown = this->sock->__sk_common.skc_family == 2 ? inet_ntop(2, &this->sock->__sk_common.skc_daddr) :
	    inet_ntop(10, &this->sock->__sk_common.skc_v6_daddr);
	printf("%d %d %d %d %s\n", walltimestamp, this->sock->__sk_common.skc_state, this->sock->__sk_common.skc_num,
	    ntohs(this->sock->__sk_common.skc_dport), this->shown);
}
