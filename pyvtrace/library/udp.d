/* Datagrams and their sockets: arguments of the udp provider. */

typedef struct udpsinfo {
	uintptr_t udps_addr;	/* the kernel's struct sock; 0 before a datagram has found its own */
	uint16_t udps_lport;
	uint16_t udps_rport;
	string udps_laddr;
	string udps_raddr;
} udpsinfo_t;

typedef struct udpinfo {
	uint16_t udp_sport;
	uint16_t udp_dport;
	uint16_t udp_length;	/* bytes with the header */
	uint16_t udp_checksum;
	struct udphdr *udp_hdr;
} udpinfo_t;

translator udpinfo_t < struct udphdr *U > {
	udp_sport = ntohs(U->source);
	udp_dport = ntohs(U->dest);
	udp_length = ntohs(U->len);
	udp_checksum = ntohs(U->check);
	udp_hdr = U;
};

/* Of a datagram: what this end is follows from its direction. */
translator udpsinfo_t < struct __udp_sent *S > {
	udps_addr = (uintptr_t)((struct sk_buff *)S)->sk;
	udps_lport = ntohs(__net_ports->source);
	udps_rport = ntohs(__net_ports->dest);
	udps_laddr = __net_saddr;
	udps_raddr = __net_daddr;
};

translator udpsinfo_t < struct __udp_received *S > {
	udps_addr = 0;
	udps_lport = ntohs(__net_ports->dest);
	udps_rport = ntohs(__net_ports->source);
	udps_laddr = __net_daddr;
	udps_raddr = __net_saddr;
};
