/* Segments and connections: arguments of the tcp provider. */

typedef struct tcpsinfo {
	uintptr_t tcps_addr;	/* the kernel's struct sock; 0 before a segment has found its own */
	int tcps_local;		/* are both ends this machine's */
	int tcps_active;
	uint16_t tcps_lport;
	uint16_t tcps_rport;
	string tcps_laddr;
	string tcps_raddr;
	int32_t tcps_state;	/* TCP_STATE_* below */
	uint32_t tcps_iss;
	uint32_t tcps_suna;	/* sent and not acknowledged begins here */
	uint32_t tcps_snxt;	/* next sequence number to send */
	uint32_t tcps_rack;	/* up to here was acknowledged */
	uint32_t tcps_rnxt;	/* next sequence number to come */
	uint32_t tcps_swnd;	/* windows in bytes */
	int32_t tcps_snd_ws;
	uint32_t tcps_rwnd;
	int32_t tcps_rcv_ws;
	uint32_t tcps_cwnd;
	uint32_t tcps_cwnd_ssthresh;
	uint32_t tcps_rto;
	uint32_t tcps_mss;
	int tcps_retransmit;	/* was what the segment brings sent before */
} tcpsinfo_t;

typedef struct tcplsinfo {
	int32_t tcps_state;	/* as it was */
} tcplsinfo_t;

typedef struct tcpinfo {
	uint16_t tcp_sport;
	uint16_t tcp_dport;
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	uint8_t tcp_offset;	/* bytes of the header */
	uint8_t tcp_flags;	/* TH_* below */
	uint16_t tcp_window;	/* as it is sent, to be shifted */
	uint16_t tcp_checksum;
	uint16_t tcp_urgent;
	struct tcphdr *tcp_hdr;
} tcpinfo_t;


/* As the kernel numbers them (include/net/tcp_states.h). */
inline int TCP_STATE_ESTABLISHED = 1;
inline int TCP_STATE_SYN_SENT = 2;
inline int TCP_STATE_SYN_RECEIVED = 3;
inline int TCP_STATE_FIN_WAIT_1 = 4;
inline int TCP_STATE_FIN_WAIT_2 = 5;
inline int TCP_STATE_TIME_WAIT = 6;
inline int TCP_STATE_CLOSED = 7;
inline int TCP_STATE_CLOSE_WAIT = 8;
inline int TCP_STATE_LAST_ACK = 9;
inline int TCP_STATE_LISTEN = 10;
inline int TCP_STATE_CLOSING = 11;
inline int TCP_STATE_NEW_SYN_RECEIVED = 12;

inline string tcp_state_string[int32_t s] = s == 1 ? "state-established" : s == 2 ? "state-syn-sent" :
    s == 3 || s == 12 ? "state-syn-received" : s == 4 ? "state-fin-wait-1" : s == 5 ? "state-fin-wait-2" :
    s == 6 ? "state-time-wait" : s == 7 ? "state-closed" : s == 8 ? "state-close-wait" : s == 9 ? "state-last-ack" :
    s == 10 ? "state-listen" : s == 11 ? "state-closing" : "<unknown>";

inline int TH_FIN = 0x01;
inline int TH_SYN = 0x02;
inline int TH_RST = 0x04;
inline int TH_PUSH = 0x08;
inline int TH_ACK = 0x10;
inline int TH_URG = 0x20;
inline int TH_ECE = 0x40;
inline int TH_CWR = 0x80;

translator tcpinfo_t < struct tcphdr *T > {
	tcp_sport = ntohs(T->source);
	tcp_dport = ntohs(T->dest);
	tcp_seq = ntohl(T->seq);
	tcp_ack = ntohl(T->ack_seq);
	tcp_offset = (((uint8_t *)T)[12] >> 4) * 4;
	tcp_flags = ((uint8_t *)T)[13];
	tcp_window = ntohs(T->window);
	tcp_checksum = ntohs(T->check);
	tcp_urgent = ntohs(T->urg_ptr);
	tcp_hdr = T;
};

/* What has come to a socket: of that segment no more is known. */
translator tcpinfo_t < struct sock *K > {
	tcp_sport = ntohs(K->__sk_common.skc_dport);
	tcp_dport = K->__sk_common.skc_num;
};

translator tcplsinfo_t < int L > {
	tcps_state = L;
};

/* A socket whose state changes: to arg2 of the tracepoint, which it has not yet. */
translator tcpsinfo_t < struct __tcp_moved *M > {
	tcps_addr = (uintptr_t)M;
	tcps_local = ((struct sock *)M)->__sk_common.skc_family == AF_INET ?
	    ((struct sock *)M)->__sk_common.skc_daddr == ((struct sock *)M)->__sk_common.skc_rcv_saddr :
	    *(uint64_t *)&((struct sock *)M)->__sk_common.skc_v6_daddr ==
	    *(uint64_t *)&((struct sock *)M)->__sk_common.skc_v6_rcv_saddr &&
	    *((uint64_t *)&((struct sock *)M)->__sk_common.skc_v6_daddr + 1) ==
	    *((uint64_t *)&((struct sock *)M)->__sk_common.skc_v6_rcv_saddr + 1);
	tcps_lport = ((struct sock *)M)->__sk_common.skc_num;
	tcps_rport = ntohs(((struct sock *)M)->__sk_common.skc_dport);
	tcps_laddr = ((struct sock *)M)->__sk_common.skc_family == AF_INET ?
	    inet_ntop(AF_INET, &((struct sock *)M)->__sk_common.skc_rcv_saddr) :
	    inet_ntop(AF_INET6, &((struct sock *)M)->__sk_common.skc_v6_rcv_saddr);
	tcps_raddr = ((struct sock *)M)->__sk_common.skc_family == AF_INET ?
	    inet_ntop(AF_INET, &((struct sock *)M)->__sk_common.skc_daddr) :
	    inet_ntop(AF_INET6, &((struct sock *)M)->__sk_common.skc_v6_daddr);
	tcps_state = arg2;
	tcps_suna = ((struct tcp_sock *)M)->snd_una;
	tcps_snxt = ((struct tcp_sock *)M)->snd_nxt;
	tcps_rack = ((struct tcp_sock *)M)->rcv_wup;
	tcps_rnxt = ((struct tcp_sock *)M)->rcv_nxt;
	tcps_swnd = ((struct tcp_sock *)M)->snd_wnd;
	tcps_snd_ws = ((struct tcp_sock *)M)->rx_opt.snd_wscale;
	tcps_rwnd = ((struct tcp_sock *)M)->rcv_wnd;
	tcps_rcv_ws = ((struct tcp_sock *)M)->rx_opt.rcv_wscale;
	tcps_cwnd = ((struct tcp_sock *)M)->snd_cwnd * ((struct tcp_sock *)M)->mss_cache;
	tcps_cwnd_ssthresh = ((struct tcp_sock *)M)->snd_ssthresh * ((struct tcp_sock *)M)->mss_cache;
	tcps_mss = ((struct tcp_sock *)M)->mss_cache;
	tcps_retransmit = 0;
};

/* Whether the socket of a packet is a connection's: neither a half-open one nor what answers for none. */
inline int __tcp_whole[struct sock *k] = k != NULL && k->__sk_common.skc_state != 12 && k->__sk_common.skc_state != 6 &&
    k->sk_type == 1;

/* A segment on its way out. What belongs to the connection is 0 if it has none. */
translator tcpsinfo_t < struct __tcp_sent *S > {
	tcps_addr = (uintptr_t)((struct sk_buff *)S)->sk;
	tcps_local = __net_local;
	tcps_lport = ntohs(__net_ports->source);
	tcps_rport = ntohs(__net_ports->dest);
	tcps_laddr = __net_saddr;
	tcps_raddr = __net_daddr;
	tcps_state = __tcp_socket == NULL ? TCP_STATE_CLOSED : __tcp_socket->__sk_common.skc_state;
	tcps_suna = __tcp_whole[__tcp_socket] ? ((struct tcp_sock *)__tcp_socket)->snd_una : 0;
	tcps_snxt = __tcp_whole[__tcp_socket] ? ((struct tcp_sock *)__tcp_socket)->snd_nxt : 0;
	tcps_rack = __tcp_whole[__tcp_socket] ? ((struct tcp_sock *)__tcp_socket)->rcv_wup : 0;
	tcps_rnxt = __tcp_whole[__tcp_socket] ? ((struct tcp_sock *)__tcp_socket)->rcv_nxt : 0;
	tcps_swnd = __tcp_whole[__tcp_socket] ? ((struct tcp_sock *)__tcp_socket)->snd_wnd : 0;
	tcps_snd_ws = __tcp_whole[__tcp_socket] ? ((struct tcp_sock *)__tcp_socket)->rx_opt.snd_wscale : 0;
	tcps_rwnd = __tcp_whole[__tcp_socket] ? ((struct tcp_sock *)__tcp_socket)->rcv_wnd : 0;
	tcps_rcv_ws = __tcp_whole[__tcp_socket] ? ((struct tcp_sock *)__tcp_socket)->rx_opt.rcv_wscale : 0;
	tcps_cwnd = __tcp_whole[__tcp_socket] ?
	    ((struct tcp_sock *)__tcp_socket)->snd_cwnd * ((struct tcp_sock *)__tcp_socket)->mss_cache : 0;
	tcps_cwnd_ssthresh = __tcp_whole[__tcp_socket] ?
	    ((struct tcp_sock *)__tcp_socket)->snd_ssthresh * ((struct tcp_sock *)__tcp_socket)->mss_cache : 0;
	tcps_mss = __tcp_whole[__tcp_socket] ? ((struct tcp_sock *)__tcp_socket)->mss_cache : 0;
	tcps_retransmit = __tcp_whole[__tcp_socket] &&
	    (__net_length > (((uint8_t *)__net_payload)[12] >> 4) * 4 || ((uint8_t *)__net_payload)[13] & 3) &&
	    (int32_t)(ntohl(((struct tcphdr *)__net_payload)->seq) - ((struct tcp_sock *)__tcp_socket)->snd_nxt) < 0;
};

/* One that comes has no socket yet. */
translator tcpsinfo_t < struct __tcp_received *S > {
	tcps_addr = 0;
	tcps_local = __net_local;
	tcps_lport = ntohs(__net_ports->dest);
	tcps_rport = ntohs(__net_ports->source);
	tcps_laddr = __net_daddr;
	tcps_raddr = __net_saddr;
	tcps_retransmit = 0;
};

inline struct sock *__tcp_socket = ((struct sk_buff *)arg0)->sk;
