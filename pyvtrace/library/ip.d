/* Packets and what they belong to: arguments of the ip, tcp and udp providers. */


typedef struct pktinfo {
	uintptr_t pkt_addr;	/* the kernel's struct sk_buff; 0 where it tells none */
} pktinfo_t;

typedef struct csinfo {
	uintptr_t cs_addr;	/* the kernel's struct sock; 0 before a packet has found its own */
	uint64_t cs_cid;	/* the socket's cookie, once it was asked for */
	pid_t cs_pid;
	uint32_t cs_zoneid;	/* inode of the network namespace */
} csinfo_t;

typedef struct ipinfo {
	uint8_t ip_ver;		/* 4 or 6 */
	uint32_t ip_plength;	/* bytes behind the IP header and hop-by-hop options */
	string ip_saddr;
	string ip_daddr;
} ipinfo_t;

typedef struct ifinfo {
	string if_name;
	int8_t if_local;	/* is it loopback */
	uint32_t if_ipstack;	/* inode of the network namespace */
	uintptr_t if_addr;	/* the kernel's struct net_device */
} ifinfo_t;

typedef struct ipv4info {
	uint8_t ipv4_ver;	/* 0 if it is no IPv4 */
	uint8_t ipv4_ihl;	/* bytes of the header */
	uint8_t ipv4_tos;
	uint16_t ipv4_length;	/* bytes with the header */
	uint16_t ipv4_ident;
	uint8_t ipv4_flags;	/* IPV4_* below */
	uint16_t ipv4_offset;	/* of a fragment, in bytes */
	uint8_t ipv4_ttl;
	uint8_t ipv4_protocol;	/* IPPROTO_* below */
	string ipv4_protostr;
	uint16_t ipv4_checksum;
	ipaddr_t ipv4_src;	/* as the network has it */
	ipaddr_t ipv4_dst;
	string ipv4_saddr;
	string ipv4_daddr;
	struct iphdr *ipv4_hdr;
} ipv4info_t;

typedef struct ipv6info {
	uint8_t ipv6_ver;	/* 0 if it is no IPv6 */
	uint8_t ipv6_tclass;
	uint32_t ipv6_flow;
	uint16_t ipv6_plen;	/* bytes behind the header */
	uint8_t ipv6_nexthdr;
	string ipv6_nextstr;
	uint8_t ipv6_hlim;
	struct in6_addr *ipv6_src;
	struct in6_addr *ipv6_dst;
	string ipv6_saddr;
	string ipv6_daddr;
	struct ipv6hdr *ipv6_hdr;
} ipv6info_t;


inline int IPPROTO_IP = 0;
inline int IPPROTO_ICMP = 1;
inline int IPPROTO_IGMP = 2;
inline int IPPROTO_TCP = 6;
inline int IPPROTO_UDP = 17;
inline int IPPROTO_IPV6 = 41;
inline int IPPROTO_ROUTING = 43;
inline int IPPROTO_FRAGMENT = 44;
inline int IPPROTO_ESP = 50;
inline int IPPROTO_AH = 51;
inline int IPPROTO_ICMPV6 = 58;
inline int IPPROTO_NONE = 59;
inline int IPPROTO_DSTOPTS = 60;
inline int IPPROTO_SCTP = 132;
inline int IPPROTO_RAW = 255;

inline int IPV4_MF = 1;		/* more fragments follow */
inline int IPV4_DF = 2;		/* it must not become fragments */

inline string __ip_protocol[uint8_t p] = p == 1 ? "ICMP" : p == 2 ? "IGMP" : p == 6 ? "TCP" : p == 17 ? "UDP" :
    p == 41 ? "IPV6" : p == 50 ? "ESP" : p == 51 ? "AH" : p == 58 ? "ICMPV6" : p == 132 ? "SCTP" : lltostr(p);

translator pktinfo_t < struct sk_buff *S > {
	pkt_addr = (uintptr_t)S;
};

translator pktinfo_t < struct sock *K > {
	pkt_addr = 0;
};

translator csinfo_t < struct sk_buff *S > {
	cs_addr = (uintptr_t)S->sk;
	cs_cid = S->sk == NULL ? 0 : S->sk->__sk_common.skc_cookie.counter;
	cs_zoneid = S->dev->nd_net.net->ns.inum;
};

translator csinfo_t < struct sock *K > {
	cs_addr = (uintptr_t)K;
	cs_cid = K->__sk_common.skc_cookie.counter;
	cs_zoneid = K->__sk_common.skc_net.net->ns.inum;
};

translator ipinfo_t < struct iphdr *I > {
	ip_ver = *(uint8_t *)I >> 4;
	ip_plength = __net_length;
	ip_saddr = *(uint8_t *)I >> 4 == 4 ? inet_ntop(AF_INET, &I->saddr) :
	    inet_ntop(AF_INET6, &((struct ipv6hdr *)I)->saddr);
	ip_daddr = *(uint8_t *)I >> 4 == 4 ? inet_ntop(AF_INET, &I->daddr) :
	    inet_ntop(AF_INET6, &((struct ipv6hdr *)I)->daddr);
};

/* What has come to a socket. */
translator ipinfo_t < struct sock *K > {
	ip_ver = K->__sk_common.skc_family == AF_INET ? 4 : 6;
	ip_saddr = K->__sk_common.skc_family == AF_INET ? inet_ntop(AF_INET, &K->__sk_common.skc_daddr) :
	    inet_ntop(AF_INET6, &K->__sk_common.skc_v6_daddr);
	ip_daddr = K->__sk_common.skc_family == AF_INET ? inet_ntop(AF_INET, &K->__sk_common.skc_rcv_saddr) :
	    inet_ntop(AF_INET6, &K->__sk_common.skc_v6_rcv_saddr);
};

/* IFF_LOOPBACK is 8 (include/uapi/linux/if.h). */
translator ifinfo_t < struct net_device *D > {
	if_name = stringof(D->name);
	if_local = (D->flags & 8) != 0;
	if_ipstack = D->nd_net.net->ns.inum;
	if_addr = (uintptr_t)D;
};

translator ipv4info_t < struct iphdr *I > {
	ipv4_ver = *(uint8_t *)I >> 4 == 4 ? 4 : 0;
	ipv4_ihl = *(uint8_t *)I >> 4 == 4 ? (*(uint8_t *)I & 15) * 4 : 0;
	ipv4_tos = *(uint8_t *)I >> 4 == 4 ? I->tos : 0;
	ipv4_length = *(uint8_t *)I >> 4 == 4 ? ntohs(I->tot_len) : 0;
	ipv4_ident = *(uint8_t *)I >> 4 == 4 ? ntohs(I->id) : 0;
	ipv4_flags = *(uint8_t *)I >> 4 == 4 ? ntohs(I->frag_off) >> 13 : 0;
	ipv4_offset = *(uint8_t *)I >> 4 == 4 ? (ntohs(I->frag_off) & 0x1fff) * 8 : 0;
	ipv4_ttl = *(uint8_t *)I >> 4 == 4 ? I->ttl : 0;
	ipv4_protocol = *(uint8_t *)I >> 4 == 4 ? I->protocol : 0;
	ipv4_protostr = *(uint8_t *)I >> 4 == 4 ? __ip_protocol[I->protocol] : "<null>";
	ipv4_checksum = *(uint8_t *)I >> 4 == 4 ? ntohs(I->check) : 0;
	ipv4_src = *(uint8_t *)I >> 4 == 4 ? I->saddr : 0;
	ipv4_dst = *(uint8_t *)I >> 4 == 4 ? I->daddr : 0;
	ipv4_saddr = *(uint8_t *)I >> 4 == 4 ? inet_ntop(AF_INET, &I->saddr) : "<null>";
	ipv4_daddr = *(uint8_t *)I >> 4 == 4 ? inet_ntop(AF_INET, &I->daddr) : "<null>";
	ipv4_hdr = *(uint8_t *)I >> 4 == 4 ? I : (struct iphdr *)NULL;
};

translator ipv6info_t < struct ipv6hdr *I > {
	ipv6_ver = *(uint8_t *)I >> 4 == 6 ? 6 : 0;
	ipv6_tclass = *(uint8_t *)I >> 4 == 6 ? ntohl(*(uint32_t *)I) >> 20 & 0xff : 0;
	ipv6_flow = *(uint8_t *)I >> 4 == 6 ? ntohl(*(uint32_t *)I) & 0xfffff : 0;
	ipv6_plen = *(uint8_t *)I >> 4 == 6 ? ntohs(I->payload_len) : 0;
	ipv6_nexthdr = *(uint8_t *)I >> 4 == 6 ? I->nexthdr : 0;
	ipv6_nextstr = *(uint8_t *)I >> 4 == 6 ? __ip_protocol[I->nexthdr] : "<null>";
	ipv6_hlim = *(uint8_t *)I >> 4 == 6 ? I->hop_limit : 0;
	ipv6_src = *(uint8_t *)I >> 4 == 6 ? &I->saddr : (struct in6_addr *)NULL;
	ipv6_dst = *(uint8_t *)I >> 4 == 6 ? &I->daddr : (struct in6_addr *)NULL;
	ipv6_saddr = *(uint8_t *)I >> 4 == 6 ? inet_ntop(AF_INET6, &I->saddr) : "<null>";
	ipv6_daddr = *(uint8_t *)I >> 4 == 6 ? inet_ntop(AF_INET6, &I->daddr) : "<null>";
	ipv6_hdr = *(uint8_t *)I >> 4 == 6 ? I : (struct ipv6hdr *)NULL;
};

/*
 * Of the packet that a probe is about: the condition of the probe has left its IP header here. A segment that is too large
 * for the header's length has 0 there, and in IPv6 such a length among options: the buffer knows how much it has.
 */
inline int __net_options = this->__net_header[6] == 0 ? 8 + this->__net_header[41] * 8 : 0;
inline uint8_t *__net_payload = this->__net_header +
    (*this->__net_header >> 4 == 4 ? (*this->__net_header & 15) * 4 : 40 + __net_options);
inline struct udphdr *__net_ports = (struct udphdr *)__net_payload;
inline int __net_held[struct sk_buff *s] = s->len - (int)((uint64_t)this->__net_header - (uint64_t)s->data);
inline int __net_length = *this->__net_header >> 4 == 4 ?
    (((struct iphdr *)this->__net_header)->tot_len ? ntohs(((struct iphdr *)this->__net_header)->tot_len) :
    __net_held[(struct sk_buff *)arg0]) - (*this->__net_header & 15) * 4 :
    (((struct ipv6hdr *)this->__net_header)->payload_len ? ntohs(((struct ipv6hdr *)this->__net_header)->payload_len) :
    __net_held[(struct sk_buff *)arg0] - 40) - __net_options;
inline string __net_saddr = *this->__net_header >> 4 == 4 ?
    inet_ntop(AF_INET, &((struct iphdr *)this->__net_header)->saddr) :
    inet_ntop(AF_INET6, &((struct ipv6hdr *)this->__net_header)->saddr);
inline string __net_daddr = *this->__net_header >> 4 == 4 ?
    inet_ntop(AF_INET, &((struct iphdr *)this->__net_header)->daddr) :
    inet_ntop(AF_INET6, &((struct ipv6hdr *)this->__net_header)->daddr);
inline int __net_local = *this->__net_header >> 4 == 4 ?
    ((struct iphdr *)this->__net_header)->saddr == ((struct iphdr *)this->__net_header)->daddr :
    ((uint64_t *)this->__net_header)[1] == ((uint64_t *)this->__net_header)[3] &&
    ((uint64_t *)this->__net_header)[2] == ((uint64_t *)this->__net_header)[4];
