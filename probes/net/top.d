/*
 * question: which processes send and receive most over IP?
 * output:   a row for each process and protocol
 * filter:   rawtp:::sock_send_length rawtp:::sock_recv_length
 * needs:    the tracepoints sock_send_length and sock_recv_length (Linux 6.3)
 * example:  --duration 2
 * key:      pid      pid         number process
 * key:      comm     execname    text   command
 * key:      protocol this->proto text   tcp, udp or other
 * value:    sent     bytes       bytes sent
 * value:    received bytes       bytes received
 */
#pragma D option quiet
#pragma D option strsize=16

rawtp:::sock_send_length
/args[1] > 0 && (args[0]->__sk_common.skc_family == 2 || args[0]->__sk_common.skc_family == 10)/
{
	this->proto = args[0]->sk_protocol == 6 ? "tcp" : args[0]->sk_protocol == 17 ? "udp" : "other";
	@sent[pid, execname, this->proto] = sum(args[1]);
}

rawtp:::sock_recv_length
/args[1] > 0 && !(args[2] & 2) && (args[0]->__sk_common.skc_family == 2 || args[0]->__sk_common.skc_family == 10)/
{
	this->proto = args[0]->sk_protocol == 6 ? "tcp" : args[0]->sk_protocol == 17 ? "udp" : "other";
	@received[pid, execname, this->proto] = sum(args[1]);
}
