/*
 * What programs use of kernel headers and BTF does not carry: macros. Values are those of the user-space ABI, or have
 * been the same for as long as BTF is around. A constant that this kernel has in an enum comes from there.
 */
#ifndef NULL
#define NULL ((void *)0)
#endif
#define __user
#define __kernel
#define __rcu
#define __percpu
#define __force
#define __iomem
#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#define __maybe_unused __attribute__((__unused__))
#define __unused __attribute__((__unused__))
#define __packed __attribute__((__packed__))
#define __aligned(n) __attribute__((__aligned__(n)))
#define noinline __attribute__((__noinline__))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define offsetof(type, member) __builtin_offsetof(type, member)
#define container_of(pointer, type, member) \
	((type *)((char *)(pointer) - __builtin_offsetof(type, member)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define BIT(n) (1UL << (n))
#define PTR_ERR(pointer) ((long)(pointer))
#define roundup_pow_of_two(n) ((n) <= 1 ? 1UL : 1UL << (64 - __builtin_clzl((n) - 1UL)))
#define rounddown_pow_of_two(n) (1UL << (63 - __builtin_clzl(n)))
#define ilog2(n) (63 - __builtin_clzl(n))
#define MAX_ERRNO 4095
#define IS_ERR_VALUE(x) ((unsigned long)(void *)(x) >= (unsigned long)-MAX_ERRNO)
#define IS_ERR(pointer) IS_ERR_VALUE((unsigned long)(pointer))

/* sizes */
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#ifdef __x86_64__
#define PAGE_OFFSET 0xffff888000000000UL
#elif defined(__aarch64__)
#define PAGE_OFFSET (-(1UL << 48))
#endif
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PATH_MAX 4096
#define NAME_MAX 255
#define TASK_COMM_LEN 16
#define DISK_NAME_LEN 32
#define DNAME_INLINE_LEN 32
#define BDEVNAME_SIZE 32
#define IFNAMSIZ 16
#define ALG_NAME 16
#define CPUSET_NAME 64
#define SECTOR_SHIFT 9
#define NSEC_PER_USEC 1000L
#define NSEC_PER_MSEC 1000000L
#define NSEC_PER_SEC 1000000000L
#define USEC_PER_SEC 1000000L
#define HZ 250

/* threads */
#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define CLONE_VM 0x00000100
#define CLONE_FS 0x00000200
#define CLONE_FILES 0x00000400
#define CLONE_VFORK 0x00004000
#define CLONE_THREAD 0x00010000
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000
#define MAX_PID_NS_LEVEL 32

/* files */
#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define S_ISLNK(m) (((m) & S_IFMT) == S_IFLNK)
#define S_ISREG(m) (((m) & S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m) & S_IFMT) == S_IFDIR)
#define S_ISCHR(m) (((m) & S_IFMT) == S_IFCHR)
#define S_ISBLK(m) (((m) & S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m) & S_IFMT) == S_IFIFO)
#define S_ISSOCK(m) (((m) & S_IFMT) == S_IFSOCK)
#define O_ACCMODE 00000003
#define O_RDONLY 00000000
#define O_WRONLY 00000001
#define O_RDWR 00000002
#define O_CREAT 00000100
#define O_EXCL 00000200
#define O_TRUNC 00001000
#define O_APPEND 00002000
#define O_NONBLOCK 00004000
#define O_DIRECTORY 00200000
#define O_CLOEXEC 02000000
#define O_TMPFILE 020200000
#define AT_FDCWD -100
#define MINORBITS 20
#define MINORMASK ((1U << MINORBITS) - 1)
#define MAJOR(dev) ((unsigned int)((dev) >> MINORBITS))
#define MINOR(dev) ((unsigned int)((dev) & MINORMASK))
#define MKDEV(major, minor) (((major) << MINORBITS) | (minor))
#define FMODE_READ 1
#define FMODE_WRITE 2
#define FMODE_CREATED 0x100000

/* requests */
#define REQ_OP_BITS 8
#define REQ_OP_MASK ((1 << REQ_OP_BITS) - 1)

/* memory protection and mappings */
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 0x20

/* errors */
#define EPERM 1
#define ENOENT 2
#define ESRCH 3
#define EINTR 4
#define EIO 5
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EBUSY 16
#define EEXIST 17
#define EINVAL 22
#define ENOSYS 38
#define EINPROGRESS 115

/* sockets */
#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_LOCAL 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_PACKET 17
#define PF_INET AF_INET
#define PF_INET6 AF_INET6
#define SOL_SOCKET 1
#define SO_REUSEADDR 2
#define MSG_PEEK 2
#define SCM_RIGHTS 1
#define ETH_ALEN 6
#define ETH_HLEN 14
#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#define ETH_P_8021Q 0x8100
#define ETH_P_IPV6 0x86DD
#define TCP_NODELAY 1
#define TCPHDR_FIN 0x01
#define TCPHDR_SYN 0x02
#define TCPHDR_RST 0x04
#define TCPHDR_PSH 0x08
#define TCPHDR_ACK 0x10
#define IP_MF 0x2000
#define IP_OFFSET 0x1FFF

/* members that the kernel's headers give a short name */
#define sk_family __sk_common.skc_family
#define sk_state __sk_common.skc_state
#define sk_prot __sk_common.skc_prot
#define sk_net __sk_common.skc_net
#define sk_daddr __sk_common.skc_daddr
#define sk_rcv_saddr __sk_common.skc_rcv_saddr
#define sk_v6_daddr __sk_common.skc_v6_daddr
#define sk_v6_rcv_saddr __sk_common.skc_v6_rcv_saddr
#define sk_num __sk_common.skc_num
#define sk_dport __sk_common.skc_dport
#define sk_hash __sk_common.skc_hash
#define sk_cookie __sk_common.skc_cookie
#define sk_bound_dev_if __sk_common.skc_bound_dev_if
#define sk_reuse __sk_common.skc_reuse
#define sk_reuseport __sk_common.skc_reuseport
#define inet_daddr sk.__sk_common.skc_daddr
#define inet_rcv_saddr sk.__sk_common.skc_rcv_saddr
#define inet_dport sk.__sk_common.skc_dport
#define inet_num sk.__sk_common.skc_num
#define s6_addr in6_u.u6_addr8
#define s6_addr16 in6_u.u6_addr16
#define s6_addr32 in6_u.u6_addr32

/* byte order: these machines are little-endian */
#define ___swap16(x) ((__u16)__builtin_bswap16((__u16)(x)))
#define ___swap32(x) ((__u32)__builtin_bswap32((__u32)(x)))
#define ___swap64(x) ((__u64)__builtin_bswap64((__u64)(x)))
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ntohs(x) ___swap16(x)
#define htons(x) ___swap16(x)
#define ntohl(x) ___swap32(x)
#define htonl(x) ___swap32(x)
#define be16_to_cpu(x) ___swap16(x)
#define be32_to_cpu(x) ___swap32(x)
#define be64_to_cpu(x) ___swap64(x)
#define cpu_to_be16(x) ___swap16(x)
#define cpu_to_be32(x) ___swap32(x)
#define le16_to_cpu(x) (x)
#define le32_to_cpu(x) (x)
#define __LITTLE_ENDIAN 1234
#define __LITTLE_ENDIAN_BITFIELD
#else
#define ntohs(x) (x)
#define htons(x) (x)
#define ntohl(x) (x)
#define htonl(x) (x)
#define be16_to_cpu(x) (x)
#define be32_to_cpu(x) (x)
#define be64_to_cpu(x) (x)
#define cpu_to_be16(x) (x)
#define cpu_to_be32(x) (x)
#define le16_to_cpu(x) ___swap16(x)
#define le32_to_cpu(x) ___swap32(x)
#define __BIG_ENDIAN 4321
#define __BIG_ENDIAN_BITFIELD
#endif
